import { concatBytes, equalBytes, sha256, toHex, utf8 } from '@tallystick/protocol'
import { isLiveKind, LIVE_KINDS } from '../store/live-records.js'
import { LiveRows } from '../store/live-rows.js'
import { withLostBooks } from '../store/lost-books.js'
import { rowDigest } from '../store/row-digest.js'
import { FIRST_HEAD, headOf, nextSeal, type Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'
import { STORE_VERSION, STORE_VERSIONS_TAKEN } from '../store/store-version.js'
import type {
  OrderedKind,
  RecordKind,
  StoredRecord,
  StoreWrite,
  WalletStore,
} from '../store/wallet-store.js'
import type { BrowserMark } from './browser-mark.js'
import {
  answered,
  failedStore,
  HEAD,
  RECORDS,
  strictTransaction,
  viewTransaction,
} from './indexed-database.js'
import { corrupt, SealedRecords } from './sealed-records.js'
import type { Vault } from './vault.js'

/** Where the vault and the seal lie. */
const VAULT_PLACE = 'vault'
const SEAL_PLACE = 'seal'
const OWNER = 'wallet in a browser'
/** The name under which digests of records go into the seal. */
const TABLE = 'record'

/** One record on its way to the disk. */
type Change = {
  readonly kind: RecordKind
  readonly place: string
  readonly name: string
  /** Absent: the record is removed. */
  readonly box: Uint8Array | undefined
  readonly digest: Uint8Array | undefined
  readonly chained: Uint8Array
}

type Commit = {
  readonly writes: readonly StoreWrite[]
  readonly done: () => void
  readonly failed: (fault: unknown) => void
}

type Parts = {
  readonly database: IDBDatabase
  readonly records: SealedRecords
  readonly mark: BrowserMark
}

/**
 * A wallet's records in IndexedDB (WEB-2, WEB-3): each sealed, all of a commit or nothing, and what may be signed from
 * checked at the start. After the first failed commit it refuses everything: the page must be loaded again.
 */
export class IndexedStore implements WalletStore {
  readonly #parts: Parts
  readonly #live: LiveRows
  readonly #queue: Commit[] = []
  #seal: Seal
  /** The seal as it lies in the database: whoever finds another one there has been overtaken. */
  #sealBox: Uint8Array
  #flushing: Promise<void> | undefined
  #fault: unknown

  private constructor(parts: Parts, live: LiveRows, seal: Seal, sealBox: Uint8Array) {
    this.#parts = parts
    this.#live = live
    this.#seal = seal
    this.#sealBox = sealBox
  }

  /** Makes the first commit of a new store, and its vault with it. Throws `store_failed`. */
  static async make(
    { database, mark }: Omit<Parts, 'records'>,
    vault: Vault,
    key: Uint8Array,
  ): Promise<IndexedStore> {
    const records = new SealedRecords(vault.id, key)
    const live = new LiveRows()
    const body = {
      ...{ format: STORE_VERSION, owner: OWNER, id: vault.id, sequence: 1 },
      ...{ previous: FIRST_HEAD, written: toHex(sha256(utf8(''))), live: live.sum },
    }
    const seal = { ...body, head: headOf(body) }
    const sealBox = records.sealHead(seal)
    const { transaction, done } = strictTransaction(database)
    transaction.objectStore(HEAD).put(vault, VAULT_PLACE)
    transaction.objectStore(HEAD).put(sealBox, SEAL_PLACE)
    await done
    mark.note(seal)
    return new IndexedStore({ database, records, mark }, live, seal, sealBox)
  }

  /**
   * Opens what is stored, checked against its seal and its mark. `restored`: takes a copy that may be old as it is; so is one
   * without a mark (`isMaybeOld`), and the books of all channels are lost then (JRN-6). Throws `store_corrupt`,
   * `store_version`, `store_swapped`, `store_rolled_back`, `store_failed`.
   */
  static async open(
    { database, mark }: Omit<Parts, 'records'>,
    { id, key }: { readonly id: string; readonly key: Uint8Array },
    restored: boolean,
  ): Promise<{ readonly store: IndexedStore; readonly isMaybeOld: boolean }> {
    const records = new SealedRecords(id, key)
    const head = viewTransaction(database).objectStore(HEAD)
    const sealBox: unknown = await answered(head.get(SEAL_PLACE))
    const found = records.openHead(sealBox)
    const isRead = [STORE_VERSION, ...STORE_VERSIONS_TAKEN].includes(found.format)
    if (!isRead || !(sealBox instanceof Uint8Array)) {
      const detail = `the wallet in this browser has format ${found.format}, not ${STORE_VERSION}`
      throw new StoreFault('store_version', detail)
    }
    const seal = { ...found, format: STORE_VERSION }
    const live = new LiveRows()
    for (const kind of LIVE_KINDS) {
      const boxes = await readBoxes(database, kind)
      live.apply(
        boxes.map(({ place, box }) => ({
          name: nameOf(kind, place),
          digest: rowDigest(TABLE, [kind, place, box]),
        })),
      )
    }
    if (live.sum !== seal.live) throw corrupt('a record')
    const isMaybeOld = restored || !mark.vouchesFor(seal)
    const store = new IndexedStore({ database, records, mark }, live, seal, sealBox)
    if (isMaybeOld) await store.#forgetBooks()
    return { store, isMaybeOld }
  }

  async list(kind: RecordKind): Promise<readonly StoredRecord[]> {
    this.#assertUsable()
    const boxes = await readBoxes(this.#parts.database, kind)
    return this.#whole(() =>
      boxes.map(({ place, box }) => this.#parts.records.open(kind, place, box)),
    )
  }

  async get(kind: RecordKind, key: string): Promise<Uint8Array | undefined> {
    this.#assertUsable()
    const { database, records } = this.#parts
    const place = records.placeOf(kind, key)
    const box: unknown = await answered(
      viewTransaction(database).objectStore(RECORDS).get([kind, place]),
    )
    if (box === undefined) return undefined
    return this.#whole(() => records.open(kind, place, box).value)
  }

  async page(
    kind: OrderedKind,
    after: string | undefined,
    limit: number,
    order: 'ascending' | 'descending',
  ): Promise<readonly StoredRecord[]> {
    this.#assertUsable()
    const isDown = order === 'descending'
    const from = isDown || after === undefined ? [kind] : [kind, after]
    const to = isDown && after !== undefined ? [kind, after] : [kind, []]
    const range = IDBKeyRange.bound(from, to, true, true)
    const boxes = await firstBoxes(this.#parts.database, range, limit, isDown ? 'prev' : 'next')
    return this.#whole(() =>
      boxes.map(({ place, box }) => this.#parts.records.open(kind, place, box)),
    )
  }

  commit(writes: readonly StoreWrite[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#queue.push({ writes, done, failed })
      this.#flushing ??= this.#flush()
    })
  }

  /** Another vault for the same key, of another passphrase; on disk when the promise is kept. */
  async replaceVault(vault: Vault): Promise<void> {
    await this.#flushing
    this.#assertUsable()
    const { transaction, done } = strictTransaction(this.#parts.database)
    transaction.objectStore(HEAD).put(vault, VAULT_PLACE)
    await done
  }

  /** From now on nothing is read or written: the turn, or the database, is gone. */
  fail(fault: StoreFault): void {
    this.#fault ??= fault
  }

  /** Waits for what is being written, and lets the database go. */
  async close(): Promise<void> {
    await this.#flushing
    this.#parts.database.close()
  }

  /** Everything that waits shares one transaction, and so one sync. */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      const commits = this.#queue.splice(0)
      try {
        await this.#write(commits.flatMap(({ writes }) => writes))
        for (const { done } of commits) done()
      } catch (fault) {
        this.#fault ??= fault
        for (const { failed } of commits) failed(this.#fault)
      }
    }
    this.#flushing = undefined
  }

  async #write(writes: readonly StoreWrite[], id = this.#seal.id): Promise<void> {
    this.#assertUsable()
    const { database, records, mark } = this.#parts
    const changes = this.#changesOf(writes)
    const live = changes.filter(({ kind }) => isLiveKind(kind))
    const written = toHex(sha256(concatBytes(...changes.map(({ chained }) => chained))))
    const seal = nextSeal({ ...this.#seal, id }, { written, live: this.#live.sumAfter(live) })
    const sealBox = records.sealHead(seal)
    const { transaction, done } = strictTransaction(database)
    const head = transaction.objectStore(HEAD)
    const found: unknown = await answered(head.get(SEAL_PLACE))
    if (!(found instanceof Uint8Array && equalBytes(found, this.#sealBox))) {
      transaction.abort()
      const detail = 'another tab has written to the wallet: load this page again'
      throw new StoreFault('store_in_use', detail)
    }
    const rows = transaction.objectStore(RECORDS)
    for (const { kind, place, box } of changes) {
      if (box === undefined) rows.delete([kind, place])
      else rows.put(box, [kind, place])
    }
    head.put(sealBox, SEAL_PLACE)
    await done
    mark.note(seal)
    this.#seal = seal
    this.#sealBox = sealBox
    this.#live.apply(live)
  }

  /** Of several writes to one record the last counts. */
  #changesOf(writes: readonly StoreWrite[]): readonly Change[] {
    const { records } = this.#parts
    const last = new Map<string, Change>()
    for (const { kind, key, value } of writes) {
      const place = records.placeOf(kind, key)
      const name = nameOf(kind, place)
      const box = value === undefined ? undefined : records.seal(kind, { key, value })
      const digest = box && rowDigest(TABLE, [kind, place, box])
      const chained = digest ?? rowDigest(`${TABLE} without`, [kind, place])
      last.set(name, { kind, place, name, box, digest, chained })
    }
    return [...last.values()]
  }

  /** JRN-6: one commit under a new id, so that what this is a copy of is never taken for it. */
  async #forgetBooks(): Promise<void> {
    const channels = await this.list('channel')
    const writes = channels.map(
      ({ key, value }) => ({ kind: 'channel', key, value: withLostBooks(value) }) as const,
    )
    const id = toHex(crypto.getRandomValues(new Uint8Array(16)))
    await this.#write(writes, id)
  }

  /** What is damaged is noticed when it is read, and stops everything. */
  #whole<T>(read: () => T): T {
    try {
      return read()
    } catch (fault) {
      this.#fault ??= fault
      throw fault
    }
  }

  #assertUsable(): void {
    if (this.#fault !== undefined) throw this.#fault
  }
}

/** The vault that a database holds, unchecked; `undefined`: its first commit was never made. */
export function storedVault(database: IDBDatabase): Promise<unknown> {
  return answered(viewTransaction(database).objectStore(HEAD).get(VAULT_PLACE))
}

type Box = { readonly place: string; readonly box: Uint8Array }

/** The records of a kind as they lie there. Throws `store_corrupt`. */
async function readBoxes(database: IDBDatabase, kind: RecordKind): Promise<readonly Box[]> {
  const rows = viewTransaction(database).objectStore(RECORDS)
  const range = IDBKeyRange.bound([kind], [kind, []])
  const [keys, boxes]: readonly [readonly unknown[], readonly unknown[]] = await Promise.all([
    answered(rows.getAllKeys(range)),
    answered(rows.getAll(range)),
  ])
  return keys.map((key, i) => boxOf(key, boxes[i]))
}

/** At most `limit` records within a range, in this order. Throws `store_corrupt`, `store_failed`. */
function firstBoxes(
  database: IDBDatabase,
  range: IDBKeyRange,
  limit: number,
  direction: IDBCursorDirection,
): Promise<readonly Box[]> {
  const boxes: Box[] = []
  if (limit === 0) return Promise.resolve(boxes)
  const request = viewTransaction(database).objectStore(RECORDS).openCursor(range, direction)
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(failedStore('cannot be read', request.error))
    request.onsuccess = () => {
      const cursor = request.result
      try {
        if (cursor !== null) boxes.push(boxOf(cursor.key, cursor.value))
      } catch (fault) {
        reject(fault)
        return
      }
      if (cursor === null || boxes.length === limit) resolve(boxes)
      else cursor.continue()
    }
  })
}

function boxOf(key: unknown, box: unknown): Box {
  const place: unknown = Array.isArray(key) ? key[1] : undefined
  if (typeof place !== 'string' || !(box instanceof Uint8Array)) throw corrupt('a record')
  return { place, box }
}

function nameOf(kind: RecordKind, place: string): string {
  return `${kind} ${place}`
}
