import { isClosing, type Timestamp } from '@tallystick/protocol'
import type { WalletChannel } from '../wallet/wallet-records.js'
import type { PayoutRecord, PayoutStatus } from './payout-record.js'

/**
 * Seconds after its end that a withdrawal is waited for: what is known of the channel may be that much older than the
 * newest block.
 */
const LAPSE_GRACE_SECONDS = 60

/** What may follow on what (PAY-9): no status comes back, and the last three stay. */
export const PAYOUT_NEXT: Readonly<Record<PayoutStatus, readonly PayoutStatus[]>> = {
  withdrawing: ['sending', 'paid', 'failed', 'unknown'],
  sending: ['paid', 'unknown'],
  paid: [],
  failed: [],
  unknown: [],
}

/** What happens to a payout. */
export type PayoutEvent =
  /** Ledger time is `now`, and this is the channel as the ledger has it then. */
  | { readonly kind: 'timePassed'; readonly held: WalletChannel | undefined }
  /** The transaction to the lock was signed; it takes the place of one that can never be included any more. */
  | { readonly kind: 'signed'; readonly sent: NonNullable<PayoutRecord['sent']> }
  /** A block holds the transaction. */
  | { readonly kind: 'included' }
  /** Coins of the transaction were spent otherwise, as far as anybody tells. */
  | { readonly kind: 'overtaken' }
  /** The store is an old copy: what it has not signed, the newer one may have. */
  | { readonly kind: 'restored' }

/** The payout after an event; the same one where nothing changes. */
export function stepPayout(payout: PayoutRecord, event: PayoutEvent, now: Timestamp): PayoutRecord {
  switch (event.kind) {
    case 'timePassed':
      return payout.status === 'withdrawing' ? withdrawn(payout, event.held, now) : payout
    case 'signed':
      return payout.status === 'sending' ? { ...payout, sent: event.sent, time: now } : payout
    case 'included':
      return payout.status === 'sending' ? ended(payout, 'paid', '', now) : payout
    case 'overtaken':
      return payout.status === 'sending' ? ended(payout, 'unknown', 'coin_missing', now) : payout
    case 'restored':
      return isFinalPayout(payout) || payout.sent !== undefined
        ? payout
        : ended(payout, 'unknown', 'state_lost', now)
  }
}

/** Whether nothing can change it any more. */
export function isFinalPayout({ status }: Pick<PayoutRecord, 'status'>): boolean {
  return PAYOUT_NEXT[status].length === 0
}

/** What the ledger says about what was to leave the channel: its total only rises, and each withdrawal has one (CH-17). */
function withdrawn(
  payout: PayoutRecord,
  held: WalletChannel | undefined,
  now: Timestamp,
): PayoutRecord {
  const shown = held?.party.ledger.client.withdrawn ?? 0n
  if (shown === payout.withdrawn) {
    return payout.isOwn
      ? ended(payout, 'paid', '', now)
      : { ...payout, status: 'sending', time: now }
  }
  // Another device has withdrawn, after this one or in its place.
  if (shown > payout.withdrawn) return ended(payout, 'unknown', 'state_lost', now)
  // What the channel still holds comes to the wallet's coins with its end.
  if (held?.party.phase.kind === 'closed') return ended(payout, 'failed', 'channel_settled', now)
  if (held !== undefined && isClosing(held.party.ledger)) {
    return ended(payout, 'failed', 'channel_closing', now)
  }
  return now > payout.validUntil + LAPSE_GRACE_SECONDS
    ? ended(payout, 'failed', 'withdrawal_lapsed', now)
    : payout
}

function ended(
  payout: PayoutRecord,
  status: 'paid' | 'failed' | 'unknown',
  code: string,
  now: Timestamp,
): PayoutRecord {
  return { ...payout, status, code, time: now }
}
