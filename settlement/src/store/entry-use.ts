import {
  type ChannelNumber,
  invariant,
  type Operation,
  type Outpoint,
  type Transaction,
} from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'

/** Which entries a transaction of a block used; `position` is its own in the block. */
export type EntryUses = {
  /** Coins that were spent, each once for ever. */
  readonly spends: readonly { readonly outpoint: Outpoint; readonly position: number }[]
  /** Channels that were opened, changed or closed; once per transaction. */
  readonly channels: readonly { readonly channel: ChannelNumber; readonly position: number }[]
}

/**
 * What the index of a block's transactions is made from: the transactions, and `writes`, what they
 * changed together. Who created a coin needs no index: its outpoint names the transaction.
 */
export function entryUses(
  transactions: readonly Transaction[],
  writes: readonly StateWrite[],
): EntryUses {
  const spends = transactions.flatMap(({ body }, position) =>
    body.inputs.map((outpoint) => ({ outpoint, position })),
  )
  let nextNumber = firstNumber(transactions, writes)
  const channels = transactions.flatMap(({ body }, position) => {
    const used = new Set<ChannelNumber>()
    for (const operation of body.operations) {
      for (const channel of namedChannels(operation)) used.add(channel)
      if (operation.kind === 'open') used.add(nextNumber++)
    }
    return [...used].map((channel) => ({ channel, position }))
  })
  return { spends, channels }
}

/** The number of the block's first opening: numbers are given out one after the other (OP-1). */
function firstNumber(transactions: readonly Transaction[], writes: readonly StateWrite[]): number {
  const opened = transactions.reduce(
    (sum, { body }) => sum + body.operations.filter(({ kind }) => kind === 'open').length,
    0,
  )
  if (opened === 0) return 0
  const counted = writes.find((write) => write.kind === 'channelCount')?.value?.count
  invariant(counted !== undefined, 'a block that opens channels counts them')
  return counted - opened
}

function namedChannels(operation: Operation): readonly ChannelNumber[] {
  switch (operation.kind) {
    case 'open':
    case 'issue':
    case 'reissue':
    case 'changeParameters':
      return []
    case 'close':
      return operation.closes.map(({ channel }) => channel)
    case 'withdraw':
      return operation.withdrawals.map(({ channel }) => channel)
    case 'deposit':
    case 'forceClose':
    case 'challenge':
    case 'finalize':
    case 'payFee':
      return [operation.channel]
  }
}
