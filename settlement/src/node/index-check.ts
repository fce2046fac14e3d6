import { type ChainId, type Transaction, transactionId } from '@tallystick/protocol'
import { entryUses, openedChannels } from '../store/entry-use.js'
import type { LedgerStore, StoredBlock } from '../store/ledger-store.js'
import type { Damages } from './damages.js'
import { storedTransactions } from './stored-transactions.js'

/** Holds the index of transactions against the blocks, which are looked at in order, all of them. */
export class IndexCheck {
  readonly #store: LedgerStore
  readonly #chainId: ChainId
  /** Channels that had ever been opened at the tip. */
  readonly #channelCount: number
  /** And after the last block that opened one; `undefined` before the first. */
  #opened: number | undefined
  #transactions = 0
  #spends = 0
  #channelUses = 0

  constructor(store: LedgerStore, chainId: ChainId, channelCount: number) {
    this.#store = store
    this.#chainId = chainId
    this.#channelCount = channelCount
  }

  /** What the index has wrong about a block. */
  async look({ height, bytes }: StoredBlock): Promise<Damages> {
    const transactions = storedTransactions(bytes)
    this.#transactions += transactions.length
    return [
      ...(await this.#unplaced(height, transactions)),
      ...(await this.#unspent(height, transactions)),
      ...(await this.#unused(height, transactions)),
    ]
  }

  /** What it has too much of, when every block was found in it. */
  async finish(): Promise<Damages> {
    const known = await this.#store.indexCounts()
    const tooMany = (what: string, found: number, due: number) =>
      found === due ? [] : [`the index knows ${found} ${what}, the blocks hold ${due}`]
    const opened = this.#opened ?? this.#channelCount
    return [
      ...tooMany('transactions', known.transactions, this.#transactions),
      ...tooMany('spent coins', known.spends, this.#spends),
      ...tooMany('uses of channels', known.channelUses, this.#channelUses),
      ...tooMany('channels', opened, this.#channelCount),
    ]
  }

  async #unplaced(height: number, transactions: readonly Transaction[]): Promise<Damages> {
    const ids = transactions.map(({ body }) => transactionId(this.#chainId, body))
    const places = await Promise.all(ids.map((id) => this.#store.index.position(id)))
    return ids
      .filter((_, position) => {
        const found = places[position]
        return found?.height !== height || found.position !== position
      })
      .map((id) => `the index does not find transaction ${id} in block ${height}`)
  }

  async #unspent(height: number, transactions: readonly Transaction[]): Promise<Damages> {
    const { spends } = entryUses(transactions, 0)
    this.#spends += spends.length
    const found = await Promise.all(
      spends.map(({ outpoint }) => this.#store.index.spendOf(outpoint)),
    )
    return spends
      .filter(({ position }, at) => {
        const spender = found[at]
        return spender?.height !== height || spender.position !== position
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
