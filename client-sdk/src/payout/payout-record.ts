import {
  amountCodec,
  COUNTER_MAX,
  channelIdCodec,
  type Decoded,
  flag,
  integer,
  itemIdCodec,
  lockRootCodec,
  oneOf,
  optional,
  struct,
  text,
  timestampCodec,
  transactionCodec,
  txIdCodec,
} from '@tallystick/protocol'

export const PAYOUT_STATUSES = ['withdrawing', 'sending', 'paid', 'failed', 'unknown'] as const
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number]

/**
 * Money that leaves a channel for a lock on the ledger (PAY-9). `withdrawing`: the hub was asked for it, and it counts as
 * gone from the channel; `sending`: it is among the wallet's own coins, and on its way from there; `paid`: the ledger
 * has it under the lock; `failed`: certainly nothing has come to the lock; `unknown`: another copy of the store, or another
 * device, knows.
 */
export const payoutRecordCodec = struct({
  /** Its name, by the caller's key. */
  id: itemIdCodec,
  /** Its place among all payouts of the wallet, from 1 on. */
  order: integer(COUNTER_MAX),
  channel: channelIdCodec,
  /** What comes to the lock, base units. */
  value: amountCodec,
  lock: lockRootCodec,
  /** Whether the lock is the wallet's own, to which the channel itself pays. */
  isOwn: flag,
  /** What leaves the channel: the value, and what sending it on may cost. */
  taken: amountCodec,
  /** What the ledger shows as withdrawn in all once it has left the channel. */
  withdrawn: amountCodec,
  /** Ledger time after which it does not leave the channel any more. */
  validUntil: timestampCodec,
  status: oneOf(...PAYOUT_STATUSES),
  /** The transaction to the lock; absent while there is none, and where the channel itself pays. */
  sent: optional(
    struct({
      id: txIdCodec,
      transaction: transactionCodec,
      /** What it pays to the ledger, base units. */
      fee: amountCodec,
    }),
  ),
  /** Why it failed, or is not known; empty otherwise. */
  code: text(64),
  /** Ledger time at which it was begun, and of the last change. */
  created: timestampCodec,
  time: timestampCodec,
})
export type PayoutRecord = Decoded<typeof payoutRecordCodec>
