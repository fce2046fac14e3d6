import {
  type Anchor,
  anchorOf,
  type ChannelId,
  type ChannelNumber,
  channelIdOf,
  type KnownLink,
  type PublicKey,
  type Timestamp,
  type Transaction,
  type TxId,
} from '@tallystick/protocol'

/** What a verified block says about channels, found once for everybody who asks. */
export type BlockSummary = {
  readonly height: number
  readonly time: Timestamp
  /** Channels opened here, by id, with the keys of their sides. */
  readonly opened: readonly {
    readonly id: ChannelId
    readonly client: PublicKey
    readonly hub: PublicKey
  }[]
  /** Channels that a cooperative close ended here. */
  readonly closed: ReadonlySet<ChannelNumber>
  /** Channels changed in any other way: their new state is to be fetched with its proof. */
  readonly touched: ReadonlySet<ChannelNumber>
  readonly reveals: readonly { readonly anchor: Anchor; readonly known: KnownLink }[]
  readonly ids: ReadonlySet<TxId>
}

/** The summary of a block whose transactions and their ids are given in order. */
export function summarizeBlock(block: {
  readonly height: number
  readonly time: Timestamp
  readonly transactions: readonly Transaction[]
  readonly ids: readonly TxId[]
}): BlockSummary {
  const opened: { id: ChannelId; client: PublicKey; hub: PublicKey }[] = []
  const closed = new Set<ChannelNumber>()
  const touched = new Set<ChannelNumber>()
  const reveals: { anchor: Anchor; known: KnownLink }[] = []
  for (const [position, { body }] of block.transactions.entries()) {
    const txId = block.ids[position]
    if (txId === undefined) continue
    for (const known of body.reveals)
      reveals.push({ anchor: anchorOf(known.link, known.index), known })
    for (const [index, operation] of body.operations.entries()) {
      switch (operation.kind) {
        case 'open': {
          const id = channelIdOf({ txId, index })
          opened.push({ id, client: operation.client.key, hub: operation.hub.key })
          break
        }
        case 'close':
          for (const { channel } of operation.closes) closed.add(channel)
          break
        case 'withdraw':
          for (const { channel } of operation.withdrawals) touched.add(channel)
          break
        case 'deposit':
        case 'forceClose':
        case 'challenge':
        case 'finalize':
        case 'payFee':
          touched.add(operation.channel)
          break
        case 'issue':
        case 'reissue':
        case 'changeParameters':
          break
      }
    }
  }
  const { height, time, ids } = block
  return { height, time, opened, closed, touched, reveals, ids: new Set(ids) }
}
