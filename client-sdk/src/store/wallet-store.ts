/** What a wallet keeps, by kind; the values are canonical encodings that only the wallet reads. */
export type RecordKind =
  | 'channel'
  | 'invoice'
  | 'payment'
  | 'stream'
  | 'doneInvoice'
  | 'donePayment'
  /** Streams that are over, by their place: `ended-streams.ts`; those of format 7, by their names. */
  | 'endedStream'
  | 'doneStream'
  | 'payout'
  | 'donePayout'
  /** Names by their place in lists: `record-order.ts`. */
  | 'invoiceOrder'
  | 'paymentOrder'
  | 'payoutOrder'
  | 'letterOrder'
  /** Offers of this wallet, and payments that begin with a letter. */
  | 'offer'
  | 'letterPayment'
  | 'doneLetterPayment'
  | 'meta'

/** Kinds whose records are read page by page, in the order of their keys. */
export const ORDERED_KINDS = [
  'invoiceOrder',
  'paymentOrder',
  'payoutOrder',
  'letterOrder',
  'endedStream',
  // In any order: read once, when a store of format 7 is taken over.
  'doneStream',
  'doneLetterPayment',
] as const satisfies readonly RecordKind[]
export type OrderedKind = (typeof ORDERED_KINDS)[number]

export function isOrderedKind(kind: RecordKind): kind is OrderedKind {
  return ORDERED_KINDS.some((ordered) => ordered === kind)
}

export type StoredRecord = { readonly key: string; readonly value: Uint8Array }

/** One record written or, without a value, removed. */
export type StoreWrite = {
  readonly kind: RecordKind
  readonly key: string
  readonly value: Uint8Array | undefined
}

/**
 * A wallet's durable memory: engines exist for SQLite and IndexedDB. `commit` is all or
 * nothing and returns only once power loss cannot undo it; after a failed commit the store must not
 * be used again. One process at a time.
 */
export type WalletStore = {
  list(kind: RecordKind): Promise<readonly StoredRecord[]>
  get(kind: RecordKind, key: string): Promise<Uint8Array | undefined>
  /**
   * At most `limit` records whose keys come after `after` in this order, which is that of the keys'
   * UTF-16 units (they are ASCII); absent: from the first key, or the last. Costs what it answers.
   */
  page(
    kind: OrderedKind,
    after: string | undefined,
    limit: number,
    order: 'ascending' | 'descending',
  ): Promise<readonly StoredRecord[]>
  commit(writes: readonly StoreWrite[]): Promise<void>
}
