import type { ChannelNumber, Operation, Outpoint, Transaction } from '@tallystick/protocol'

/** Which entries a transaction of a block used; `position` is its own in the block. */
export type EntryUses = {
  /** Coins that were spent, each once for ever. */
  readonly spends: readonly { readonly outpoint: Outpoint; readonly position: number }[]
  /** Channels that were opened, changed or closed; once per transaction. */
  readonly channels: readonly { readonly channel: ChannelNumber; readonly position: number }[]
}

/**
 * What the index of a block's transactions is made from: the transactions, and how many channels had
 * ever been opened after them, which only matters where one opens a channel. Who created a coin needs
 * no index: its outpoint names the transaction.
 */
export function entryUses(transactions: readonly Transaction[], channelCount: number): EntryUses {
  const spends = transactions.flatMap(({ body }, position) =>
    body.inputs.map((outpoint) => ({ outpoint, position })),
  )
  // Numbers are given out one after the other (OP-1).
  let nextNumber = channelCount - openedChannels(transactions)
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

/**
 * Whether a transaction can have used a channel: it names it, or opens one. Which number that got only
 * all the blocks before tell.
 */
export function usesChannel({ body }: Transaction, channel: ChannelNumber): boolean {
  return body.operations.some((operation) => {
    return operation.kind === 'open' || namedChannels(operation).includes(channel)
  })
}

/** How many channels transactions open. */
export function openedChannels(transactions: readonly Transaction[]): number {
  return transactions.reduce(
    (sum, { body }) => sum + body.operations.filter(({ kind }) => kind === 'open').length,
    0,
  )
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
