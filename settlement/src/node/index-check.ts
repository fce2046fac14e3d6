import {
  type Block,
  blockCodec,
  type ChainId,
  decodeTrusted,
  type Transaction,
  transactionId,
} from '@tallystick/protocol'
import { pause } from '../engine/block-pace.js'
import { INDEX_CHECK_TRANSACTIONS } from '../limits.js'
import { entryUses, openedChannels } from '../store/entry-use.js'
import type { LedgerStore, Position, StoredBlock } from '../store/ledger-store.js'
import type { Damages } from './damages.js'
import { transactionsFrom } from './stored-transactions.js'

/** Holds the index of transactions against the blocks, which are looked at in order, all of them. */
export class IndexCheck {
  readonly #store: LedgerStore
  readonly #chainId: ChainId
  /** Channels that had ever been opened at the tip. */
  readonly #channelCount: number
  /** And after the last block that opened one; `undefined` before the first. */
  #opened: number | undefined
  readonly #beside: AbortSignal | undefined
  #transactions = 0
  #spends = 0
  #channelUses = 0

  /** `beside`: a few at a time, with rests for the work of a node, until it is aborted. */
  constructor(store: LedgerStore, chainId: ChainId, channelCount: number, beside?: AbortSignal) {
    this.#store = store
    this.#chainId = chainId
    this.#channelCount = channelCount
    this.#beside = beside
  }

  /** What the index has wrong about a block. */
  async look({ height, bytes }: StoredBlock): Promise<Damages> {
    const { transactions: encoded } = decodeTrusted<Block>(blockCodec, bytes)
    this.#transactions += encoded.length
    const transactions: Transaction[] = []
    const damages: string[] = []
    for (let from = 0; from < encoded.length; from += INDEX_CHECK_TRANSACTIONS) {
      const startedMs = performance.now()
      const some = encoded.slice(from, from + INDEX_CHECK_TRANSACTIONS)
      const parsed = transactionsFrom(height, some, from)
      transactions.push(...parsed)
      damages.push(
        ...(await this.#unplaced({ height, position: from }, parsed)),
        ...(await this.#unspent({ height, position: from }, parsed)),
      )
      await this.#rest(startedMs)
      if (this.#beside?.aborted) return []
    }
    const startedMs = performance.now()
    damages.push(...(await this.#unused(height, transactions)))
    await this.#rest(startedMs)
    return damages
  }

  /** Beside a node, as long as the work took that it had to wait for. */
  async #rest(startedMs: number): Promise<void> {
    if (this.#beside !== undefined) await pause(performance.now() - startedMs, this.#beside)
  }

  /** The next block is not looked at. */
  pass(): Damages {
    this.#opened = undefined
    return []
  }

  /** What the index has too much of, when every block was found in it. */
  async finish(): Promise<Damages> {
    const known = await this.#store.indexCounts()
    return [
      ...tooMany('transactions', known.transactions, this.#transactions),
      ...tooMany('spent coins', known.spends, this.#spends),
      ...tooMany('uses of channels', known.channelUses, this.#channelUses),
      ...this.countOpened(),
    ]
  }

  /** Whether the channels that the index knows to be opened lead to the number of all. */
  countOpened(): Damages {
    return tooMany('channels', this.#opened ?? this.#channelCount, this.#channelCount)
  }

  async #unplaced(
    { height, position: from }: Position,
    transactions: readonly Transaction[],
  ): Promise<Damages> {
    const ids = transactions.map(({ body }) => transactionId(this.#chainId, body))
    const places = await Promise.all(ids.map((id) => this.#store.index.position(id)))
    return ids
      .filter((_, at) => {
        const found = places[at]
        return found?.height !== height || found.position !== from + at
      })
      .map((id) => `the index does not find transaction ${id} in block ${height}`)
  }

  async #unspent(
    { height, position: from }: Position,
    transactions: readonly Transaction[],
  ): Promise<Damages> {
    const { spends } = entryUses(transactions, 0)
    this.#spends += spends.length
    const found = await Promise.all(
      spends.map(({ outpoint }) => this.#store.index.spendOf(outpoint)),
    )
    return spends
      .filter(({ position }, at) => {
        const spender = found[at]
        return spender?.height !== height || spender.position !== from + position
      })
      .map(({ outpoint: { txId, index } }) => {
        return `the index does not find who spent coin ${txId}:${index} in block ${height}`
      })
  }

  async #unused(height: number, transactions: readonly Transaction[]): Promise<Damages> {
    const found = await this.#store.channelUses(height)
    const opens = openedChannels(transactions)
    if (opens > 0) {
      // Opened channels have the highest numbers; where counting begins only the index tells.
      const before = this.#opened ?? Math.max(...found.map(({ channel }) => channel)) + 1 - opens
      this.#opened = before + opens
    }
    const { channels } = entryUses(transactions, this.#opened ?? 0)
    this.#channelUses += channels.length
    const named = (uses: typeof found) =>
      uses
        .map(({ channel, position }) => `${position}:${channel}`)
        .sort()
        .join()
    return named(found) === named(channels)
      ? []
      : [`the index names other channels for block ${height} than it used`]
  }
}

function tooMany(what: string, found: number, due: number): Damages {
  return found === due ? [] : [`the index knows ${found} ${what}, the blocks hold ${due}`]
}
