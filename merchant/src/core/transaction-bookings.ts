import {
  type ChannelId,
  type ChannelNumber,
  type LockRoot,
  outpointKey,
  type Transaction,
  type TxId,
} from '@tallystick/protocol'

/** What is ours on the ledger, as far as it was followed. */
export type OwnState = {
  readonly lock: LockRoot
  readonly asset: number
  /** Amount of each coin that we have, by its outpoint. */
  readonly coins: ReadonlyMap<string, bigint>
  readonly channels: readonly { readonly id: ChannelId; readonly number: ChannelNumber }[]
}

/** What one of our channels has paid in a transaction; the amount is known of agreed closes only. */
export type ChannelPayout = {
  readonly channel: ChannelId
  readonly outpoint: { readonly txId: TxId; readonly index: number }
  readonly amount: bigint | undefined
  /** Of a withdrawal, what the channel has paid in all with it (CH-17). */
  readonly withdrawn: bigint | undefined
  /** Whether the channel is being ended; else it goes on, and has paid a withdrawal. */
  readonly isEnd: boolean
}

/** What a transaction means for the coins of one lock. */
export type OwnPart = {
  readonly spent: readonly string[]
  readonly created: readonly { readonly outpoint: string; readonly amount: bigint }[]
  readonly payouts: readonly ChannelPayout[]
  /** Into channels of ours, from our coins. */
  readonly funded: bigint
  /** Spent less what came back, went into channels, or was paid to others. */
  readonly fee: bigint
  /** To locks of others, when our coins were spent. */
  readonly toOthers: bigint
}

/** What is ours in a transaction; `undefined`: nothing is. */
export function ownPart({ body }: Transaction, txId: TxId, own: OwnState): OwnPart | undefined {
  const spent = body.inputs.map(outpointKey).filter((outpoint) => own.coins.has(outpoint))
  const inAsset = body.outputs
    .map((output, index) => ({ ...output, index }))
    .filter(({ asset }) => asset === own.asset)
  const created = inAsset
    .filter(({ lock }) => lock === own.lock)
    .map(({ index, amount }) => ({ outpoint: outpointKey({ txId, index }), amount }))
  const payouts = channelPayouts({ body }, txId, own)
  if (spent.length === 0 && created.length === 0 && payouts.length === 0) return undefined
  const funded = spent.length === 0 ? 0n : fundedBy({ body }, own)
  const back = sum(created.map(({ amount }) => amount))
  const toOthers =
    spent.length === 0
      ? 0n
      : sum(inAsset.filter(({ lock }) => lock !== own.lock).map(({ amount }) => amount))
  const taken = sum(spent.map((outpoint) => own.coins.get(outpoint) ?? 0n))
  const fee = spent.length === 0 ? 0n : taken - back - funded - toOthers
  return { spent, created, payouts, funded, fee, toOthers }
}

function fundedBy({ body }: Pick<Transaction, 'body'>, own: OwnState): bigint {
  return sum(
    body.operations.map((operation) => {
      if (operation.kind === 'open') {
        // By its lock: the wallet may not have heard of the channel yet.
        return operation.client.payoutLock === own.lock ? operation.client.deposit : 0n
      }
      if (operation.kind !== 'deposit' || operation.role !== 'client') return 0n
      const { channel, amount } = operation
      return own.channels.some(({ number }) => number === channel) ? amount : 0n
    }),
  )
}

/** Coins that operations create are numbered behind the outputs, in their order (TX-7). */
function channelPayouts(
  { body }: Pick<Transaction, 'body'>,
  txId: TxId,
  own: OwnState,
): readonly ChannelPayout[] {
  const found: ChannelPayout[] = []
  let index = body.outputs.length
  const idOf = (number: ChannelNumber) => own.channels.find((one) => one.number === number)?.id
  for (const operation of body.operations) {
    switch (operation.kind) {
      case 'close':
        for (const { channel: number, clientPayout: amount } of operation.closes) {
          const channel = idOf(number)
          if (channel) {
            const outpoint = { txId, index }
            found.push({ channel, outpoint, amount, withdrawn: undefined, isEnd: true })
          }
          index += 1
        }
        break
      case 'withdraw':
        for (const { channel: number, role, withdrawn } of operation.withdrawals) {
          const channel = role === 'client' ? idOf(number) : undefined
          if (channel) {
            const amount = undefined
            found.push({ channel, outpoint: { txId, index }, amount, withdrawn, isEnd: false })
          }
          index += 1
        }
        break
      case 'finalize': {
        const channel = idOf(operation.channel)
        if (channel) {
          const [amount, withdrawn] = [undefined, undefined]
          found.push({ channel, outpoint: { txId, index }, amount, withdrawn, isEnd: true })
        }
        // A bounty would be a third; who pays several channels out at once is not this wallet.
        index += 2
        break
      }
      case 'open':
      case 'deposit':
      case 'forceClose':
      case 'challenge':
      case 'payFee':
      case 'issue':
      case 'reissue':
      case 'changeParameters':
        break
    }
  }
  return found
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
