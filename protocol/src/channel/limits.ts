/** Bounds of what two parties agree on off the ledger (CH-10). */

/** Changes that one update may carry. */
export const CHANGES_MAX = 256
/** Signed updates that the peer has not yet confirmed; a payer with more stops paying (CH-11). */
export const UNCONFIRMED_UPDATES_MAX = 256
/** Seconds before an item's expiry after which its payer takes a claim on the ledger only. */
export const CLAIM_MARGIN_SECONDS = 30
/** Seconds before an item's expiry at which a payee that was not paid reveals on the ledger. */
export const REVEAL_SECONDS = 60
/** Seconds behind the expiry after which a payer takes an item back: its peer may lag by as much. */
export const EXPIRE_GRACE_SECONDS = 15
/** The furthest that a withdrawal may reach, seconds: so long does its money count as gone. */
export const WITHDRAWAL_SECONDS_MAX = 3_600
/** By how much the ledger times of two honest parties may differ when an expiry is judged. */
export const EXPIRY_SLACK_SECONDS = 120
