import {
  type Block,
  blockCodec,
  type ChainId,
  type ChannelNumber,
  decodeTrusted,
  isRejection,
  type Outpoint,
  parseTransaction,
  type Transaction,
  type TxId,
  transactionId,
} from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { PAGE_BYTES_MAX } from '../limits.js'
import { usesChannel } from '../store/entry-use.js'
import type {
  PlacedTransaction,
  PlaceQuery,
  Position,
  StoredBlock,
  TransactionIndex,
} from '../store/ledger-store.js'

/** One page of transactions. */
export type PlacesPage = {
  readonly places: readonly PlacedTransaction[]
  readonly hasMore: boolean
}

type IndexedTransaction = PlacedTransaction & {
  readonly encoded: Uint8Array
  readonly transaction: Transaction
}

/** Of a block: how many bytes it has, and its transactions, encoded. */
type OpenedBlock = { readonly bytes: number; readonly transactions: readonly Uint8Array[] }

/**
 * Which transactions had to do with what. Every answer is read from the block that the stored index
 * points to, so a damaged index never answers wrongly: a place that does not hold what it should is a
 * fault. What the index has lost nobody sees here; `verifyIndex` finds it.
 */
export class CheckedIndex {
  readonly #index: TransactionIndex
  readonly #chainId: ChainId
  readonly #block: (height: number) => Promise<StoredBlock | undefined>
  readonly #onFault: (fault: LedgerFault) => void

  /** `block`: that of a height, if it is shown and was not pruned. */
  constructor(
    index: TransactionIndex,
    chainId: ChainId,
    block: (height: number) => Promise<StoredBlock | undefined>,
    onFault: (fault: LedgerFault) => void,
  ) {
    this.#index = index
    this.#chainId = chainId
    this.#block = block
    this.#onFault = onFault
  }

  /** Where a transaction is, and its bytes. Throws `store_corrupt`, as all of these. */
  async find(id: TxId): Promise<(PlacedTransaction & { encoded: Uint8Array }) | undefined> {
    const at = await this.#index.position(id)
    const opened = at && (await this.#open(at.height))
    if (at === undefined || opened === undefined) return undefined
    const { encoded, ...found } = this.#transactionAt(opened, at)
    if (found.id !== id) this.#contradicted(at, `is not ${id}`)
    return { ...at, id, encoded }
  }

  /** The transaction that spent a coin. */
  async spendOf(outpoint: Outpoint): Promise<PlacedTransaction | undefined> {
    const at = await this.#index.spendOf(outpoint)
    const opened = at && (await this.#open(at.height))
    if (at === undefined || opened === undefined) return undefined
    const { id, transaction } = this.#transactionAt(opened, at)
    const isSpender = transaction.body.inputs.some(({ txId, index }) => {
      return txId === outpoint.txId && index === outpoint.index
    })
    if (!isSpender) this.#contradicted(at, `does not spend ${outpoint.txId}:${outpoint.index}`)
    return { id, ...at }
  }

  /** Those that opened, changed or closed a channel; a page ends early where blocks are large. */
  async usesOf(channel: ChannelNumber, { after, limit }: PlaceQuery): Promise<PlacesPage> {
    const found = await this.#index.usesOf(channel, { after, limit: limit + 1 })
    const places: PlacedTransaction[] = []
    let [height, bytes]: [number | undefined, number] = [undefined, 0]
    let opened: OpenedBlock | undefined
    for (const at of found.slice(0, limit)) {
      if (at.height !== height) {
        if (bytes > PAGE_BYTES_MAX) return { places, hasMore: true }
        opened = await this.#open(at.height)
        height = at.height
        bytes += opened?.bytes ?? 0
      }
      if (opened === undefined) continue
      const { id, transaction } = this.#transactionAt(opened, at)
      if (!usesChannel(transaction, channel)) {
        this.#contradicted(at, `does not use channel ${channel}`)
      }
      places.push({ id, ...at })
    }
    return { places, hasMore: found.length > limit }
  }

  /** Those of a block, from the block itself; `undefined` when it is not here. */
  async transactionsOf(
    height: number,
    { after, limit }: PlaceQuery,
  ): Promise<PlacesPage | undefined> {
    const opened = await this.#open(height)
    if (opened === undefined) return undefined
    const isBehind = after === undefined || after.height < height
    const from = isBehind ? 0 : after.height > height ? Infinity : after.position + 1
    const { length } = opened.transactions
    const places: PlacedTransaction[] = []
    for (let position = from; position < Math.min(from + limit, length); position++) {
      const { id } = this.#transactionAt(opened, { height, position })
      places.push({ id, height, position })
    }
    return { places, hasMore: from + limit < length }
  }

  async #open(height: number): Promise<OpenedBlock | undefined> {
    const stored = await this.#block(height)
    if (stored === undefined) return undefined
    const { transactions } = decodeTrusted<Block>(blockCodec, stored.bytes)
    return { bytes: stored.bytes.length, transactions }
  }

  #transactionAt({ transactions }: OpenedBlock, at: Position): IndexedTransaction {
    const encoded = transactions[at.position]
    const transaction = encoded && parseTransaction(encoded)
    if (encoded === undefined || transaction === undefined || isRejection(transaction)) {
      return this.#contradicted(at, 'is none')
    }
    const id = transactionId(this.#chainId, transaction.body)
    return { id, ...at, encoded, transaction }
  }

  #contradicted({ height, position }: Position, what: string): never {
    const detail = `the index is damaged: transaction ${position} of block ${height} ${what}`
    const fault = new LedgerFault('store_corrupt', detail)
    this.#onFault(fault)
    throw fault
  }
}
