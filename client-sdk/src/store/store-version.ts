/** Format of what a wallet stores, wherever it does; one of another is refused by name. */
export const STORE_VERSION = 8

/**
 * Formats before it that are taken over as they are: 7 knows no payouts, and keeps streams that are over where nobody lists
 * them (`keepFormerStreams`). A store has the new format from its next commit on, so
 * that an older program, which would leave them lying, refuses it.
 */
export const STORE_VERSIONS_TAKEN: readonly number[] = [7]
