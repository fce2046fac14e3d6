import type {
  ChannelNumber,
  EntryKind,
  LockRoot,
  Outpoint,
  PublicKey,
  TxId,
} from '@tallystick/protocol'
import type { EntryUses } from './entry-use.js'

/** An entry of the state as it lies in storage. */
export type StoredEntry = {
  /** Its place in the state tree, 32 bytes. */
  readonly key: Uint8Array
  readonly kind: EntryKind
  /** The encoded key and value of its kind. */
  readonly entryKey: Uint8Array
  readonly value: Uint8Array
}

/** Many entries as flat bytes, one after the other: so they move between threads as they are. */
export type EntryBatch = {
  readonly count: number
  /** 32 bytes each. */
  readonly keys: Uint8Array<ArrayBuffer>
  /** The byte of each one's kind. */
  readonly kinds: Uint8Array<ArrayBuffer>
  readonly entryKeys: Uint8Array<ArrayBuffer>
  readonly entryKeyLengths: Uint32Array<ArrayBuffer>
  readonly values: Uint8Array<ArrayBuffer>
  readonly valueLengths: Uint32Array<ArrayBuffer>
}

/** What lists of entries are asked by. */
export type EntryOwners = {
  /** The lock of a coin, 32 bytes. */
  readonly lock: Uint8Array | null
  /** The keys of a channel, 32 bytes each. */
  readonly clientKey: Uint8Array | null
  readonly hubKey: Uint8Array | null
}

/** `bytes`: the block as it travels. */
export type StoredBlock = { readonly height: number; readonly bytes: Uint8Array }
/** A `Handover` as it travels, by the height that its parameters come into force with. */
export type StoredHandover = { readonly activationHeight: number; readonly bytes: Uint8Array }
export type PendingRow = {
  readonly id: TxId
  readonly encoded: Uint8Array
  /** When it was taken, milliseconds since 1970. */
  readonly arrivedMs: number
}
/** Where a transaction is: positions in a block count from 0. */
export type Position = { readonly height: number; readonly position: number }
export type PlacedTransaction = Position & { readonly id: TxId }

/** A block as it is put into storage. */
export type BlockRow = StoredBlock & {
  /** 32 bytes. */
  readonly id: Uint8Array
  /** Ids of its transactions in order. */
  readonly transactions: readonly TxId[]
  /** New parameters come into force with the next block. */
  readonly handover: StoredHandover | undefined
  /** What they used. */
  readonly uses: EntryUses
}

/** Everything that one block changes. */
export type BlockCommit = BlockRow & {
  readonly put: readonly (StoredEntry & EntryOwners)[]
  readonly remove: readonly Uint8Array[]
  /** Transactions that wait no more, included or not. */
  readonly settled: readonly TxId[]
}

/** One page of a list; `after` is the state key of the last item of the page before. */
export type PageQuery = { readonly after: Uint8Array | undefined; readonly limit: number }

/**
 * One page of transactions, oldest first; `after` is the place of the last one of the page before.
 * Blocks only add behind it, so pages are stable.
 */
export type PlaceQuery = { readonly after: Position | undefined; readonly limit: number }

/** Where the transactions of the chain are that had to do with something, as it was noted. */
export interface TransactionIndex {
  position(id: TxId): Promise<Position | undefined>
  /** Of the transaction that spent a coin. */
  spendOf(outpoint: Outpoint): Promise<Position | undefined>
  /** Of those that opened, changed or closed a channel. */
  usesOf(channel: ChannelNumber, page: PlaceQuery): Promise<readonly Position[]>
}

export type IndexCounts = {
  readonly transactions: number
  readonly spends: number
  readonly channelUses: number
}

/**
 * Where a ledger lies. One process has it open at a time. A promise to write is kept only when the
 * change has reached the disk whole; a crash at any instruction leaves whole changes, in the order
 * of the calls. Reads see kept writes only; a block that is not what was written is a failure. Every
 * failure is a `LedgerFault`, of such a block a `DamagedBlock`, and after a failed write every later
 * call fails too.
 */
export interface LedgerStore {
  readonly index: TransactionIndex
  /** Chain id of the ledger in it; `undefined` while there is none. */
  chainId(): Promise<string | undefined>
  /** Puts the entries of a genesis into an empty store. */
  begin(chainId: string, entries: readonly (StoredEntry & EntryOwners)[]): Promise<void>
  /**
   * Puts a whole state into an empty store, with all handovers and the block that it stands under,
   * which is asked for after the last entry; no block is before it.
   * All or nothing: when `entries` throws, the store stays empty, and unusable until it is opened anew.
   */
  beginAt(
    chainId: string,
    handovers: readonly StoredHandover[],
    entries: AsyncIterable<readonly (StoredEntry & EntryOwners)[]>,
    block: () => BlockRow,
  ): Promise<void>
  entryCount(): Promise<number>
  /** All entries, many at a time, in ascending order of their keys. */
  entries(): AsyncIterable<EntryBatch>
  /** The newest block; `undefined` before the first. */
  tip(): Promise<StoredBlock | undefined>
  commitBlock(commit: BlockCommit): Promise<void>
  /** The lowest height whose block is here, unless there is none yet. */
  firstHeight(): Promise<number>
  /** Removes the blocks below `first`, and what the index knows of them; `spends`: all of theirs. */
  removeBlocks(first: number, spends: readonly Outpoint[]): Promise<void>
  /** Gives the space of what was removed back to the file system; takes as long as a copy does. */
  compact(): Promise<void>
  /** What the store's own check of its file finds wrong; nothing when it is sound. */
  fileDamage(): Promise<readonly string[]>
  /** All entries with what lists find them by, `rows` at a time, in ascending order of their keys. */
  ownedEntries(rows?: number): AsyncIterable<readonly (StoredEntry & EntryOwners)[]>
  /** How much the index knows. */
  indexCounts(): Promise<IndexCounts>
  /** Which channels the transactions of a block used, by position and number. */
  channelUses(height: number): Promise<EntryUses['channels']>
  /** Keeps transactions that wait, behind those that do already. */
  addPending(transactions: readonly PendingRow[]): Promise<void>
  /** In order of arrival. */
  pending(): Promise<readonly PendingRow[]>
  block(height: number): Promise<StoredBlock | undefined>
  /**
   * Up to `limit` blocks from `from` on: one at least, more only within `bytesMax` and before the
   * first that is damaged.
   */
  blocks(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]>
  /** The same from `from` down. */
  blocksDown(from: number, limit: number, bytesMax: number): Promise<readonly StoredBlock[]>
  /** Up to `limit` handovers whose parameters came into force at `from` or later, in order. */
  handovers(from: number, limit: number): Promise<readonly StoredHandover[]>
  coinsOf(lock: LockRoot, page: PageQuery): Promise<readonly StoredEntry[]>
  channelsOf(key: PublicKey, page: PageQuery): Promise<readonly StoredEntry[]>
  /** Waits for the calls that were made before. */
  close(): Promise<void>
}
