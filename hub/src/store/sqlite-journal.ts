import { PROCESS_CLOCK } from '@tallystick/client-sdk'
import {
  markNewDatabase,
  type RowWrite,
  SealedDatabase,
  type SealedTable,
  type SqlValue,
  type StoredRow,
  storedBytes,
} from '@tallystick/client-sdk/node'
import {
  type Anchor,
  type ChainId,
  fromHex,
  invariant,
  type PublicKey,
  type Timestamp,
  type TxId,
  toHex,
} from '@tallystick/protocol'
import { PAGE_CHANNELS } from '../core/channel-pages.js'
import type { HubChannel } from '../core/hub-channel.js'
import type { HubWrites } from '../core/hub-view.js'
import { isFinal, type Payment } from '../core/payment.js'
import { Checkpoint, type CheckpointPart } from './checkpoint.js'
import { isBehind } from './ended-payments.js'
import { historyPace } from './history-pace.js'
import type { Journal, LedgerJob, PaymentCursor, PaymentTotals, StoredHub } from './journal.js'
import {
  JOB,
  JOURNAL_TABLES,
  JOURNAL_VERSION,
  LOG,
  META,
  PAGE,
  PAYMENT,
  REVEAL,
} from './journal-tables.js'
import { encodeRecord, paymentsIn } from './log-record.js'
import { type OpenedShelf, openPageShelf } from './page-shelf.js'
import { paymentOf, paymentRow } from './payment-row.js'
import { type PaymentSums, sumsText } from './payment-sums.js'
import { FoundRows, pageCountOf, type RebuiltHub, rebuildHub } from './rebuild-hub.js'

/** Rows of history that are checked at a time behind the payments: a commit waits for so many. */
const HISTORY_ROWS = 64

/** Whose journal it is. */
export type JournalOwner = { readonly chainId: ChainId; readonly hub: PublicKey }

/** JRN-6: how a copy that may be old is taken as it is. */
export type RestoredJournal = {
  /** Ledger time: channels that were opened by then may have been used by what was lost. */
  readonly time: Timestamp
  /** What a channel of the copy becomes, so that nothing is signed on it from what it says. */
  readonly channel: (channel: HubChannel) => HubChannel
}

/**
 * JRN-7: notes that a journal is going to be made at `path`, before the key is there that signs what
 * the journal remembers. Throws `StoreFault`.
 */
export function beginSqliteJournal(path: string): Promise<void> {
  return markNewDatabase(path)
}

/** How a journal is opened. */
export type JournalOptions = {
  /** JRN-6: takes a copy that may be old as it is. */
  readonly restored?: RestoredJournal
  /** JRN-7: what it means that there is neither a file nor a mark. */
  readonly unmarked?: 'made' | 'refused'
  /** About how long the log gets, bytes: what the next start does again. */
  readonly logBytes?: number
  /** Memory for channels at rest, bytes; what is beyond lies in a file beside the journal. */
  readonly restBytes?: number
  /** Channels that are kept ready beside them. */
  readonly readyMax?: number
  /** Told once, in a sentence, when that file takes no page: those that rest stay in memory then. */
  readonly onShelfTrouble?: (detail: string) => void
}

/**
 * Opens the journal of a hub in a SQLite file, for this process alone. Where there is neither a
 * file nor a mark a journal is made, or was lost: as `unmarked` says. Errors: `StoreFault`.
 */
export async function openSqliteJournal(
  path: string,
  { chainId, hub }: JournalOwner,
  {
    restored,
    unmarked = 'made',
    logBytes,
    restBytes,
    readyMax,
    onShelfTrouble = () => undefined,
  }: JournalOptions = {},
): Promise<Journal> {
  let taken: RebuiltHub | undefined
  let begun: { readonly found: FoundRows; readonly shelf: OpenedShelf } | undefined
  // Behind the lock of the journal: a second process makes no file.
  const begin = () => {
    if (begun !== undefined) return begun
    const shelf = openPageShelf(`${path}.rest`, onShelfTrouble)
    begun = { found: new FoundRows({ restBytes, readyMax, shelf }), shelf }
    return begun
  }
  const rebuild = (lookUp: LookUp) =>
    rebuildHub(begin().found, new Checkpoint(logBytes), (anchors) => paymentsOf(lookUp, anchors))
  const database = await SealedDatabase.open({
    path,
    ...{ owner: `hub of chain ${chainId}`, key: hub },
    format: JOURNAL_VERSION,
    tables: JOURNAL_TABLES,
    unmarked,
    onLive: (table, rows) => begin().found.add(table, rows),
    advice: {
      copy: 'put the newest copy back, or have "hub run --restored" take it as it is',
      damage:
        'put the newest copy back, or move it away with its "-wal" and "hub run --restored": without a journal the hub finds its channels on the ledger and resumes them',
    },
    ...(restored === undefined
      ? {}
      : {
          restored: {
            row: () => undefined,
            writes: async (lookUp) => {
              const copy = await rebuild(lookUp)
              const checkpoint = new Checkpoint(logBytes)
              taken = { ...copy, checkpoint, restoredTime: restored.time }
              return takeCopy(copy, begin().found, restored)
            },
          },
        }),
  }).catch((error) => {
    begun?.shelf.close()
    throw error
  })
  try {
    const rebuilt = taken ?? (await rebuild((table, keys) => database.lookup(table, keys)))
    const { found, shelf } = begin()
    found.clear()
    const hasReveals = await hasRows(database, REVEAL)
    return new SqliteJournal(database, { ...rebuilt, hasReveals }, () => shelf.close())
  } catch (error) {
    await database.close()
    begun?.shelf.close()
    throw error
  }
}

type LookUp = (
  table: SealedTable,
  keys: readonly (readonly SqlValue[])[],
) => Promise<readonly StoredRow[]>

/** A copy is written whole, as what it becomes: nothing of its log is left to be done again. */
function takeCopy(
  { state, sequence, sums }: RebuiltHub,
  { records }: FoundRows,
  { time, channel: become }: RestoredJournal,
): readonly RowWrite[] {
  const payments = new Map(
    records.flatMap(({ record }) => paymentsIn(record)).map((payment) => [payment.anchor, payment]),
  )
  state.apply({ channels: new Map(), payments, reveals: new Set() })
  const { pages } = state
  // Page by page: all channels at once take ten times what their pages do.
  const rows: RowWrite[] = []
  for (let page = 0; page < pageCountOf(state); page++) {
    const end = Math.min((page + 1) * PAGE_CHANNELS, pages.size)
    for (let slot = page * PAGE_CHANNELS; slot < end; slot++) {
      pages.putAt(slot, become(pages.at(slot)))
    }
    rows.push(put(PAGE, [page, sequence, pages.writePage(page)]))
  }
  const part = { pages: [], payments: [...payments.values()] }
  return [
    ...rows,
    ...partRows({ ...part, records: records.map((record) => record.sequence) }, state, sequence),
    put(META, ['sums', sumsText(sequence, sums.totals)]),
    put(META, ['restored_time', String(time)]),
  ]
}

/** A journal in a SQLite file. */
class SqliteJournal implements Journal {
  readonly stored: StoredHub
  readonly #database: SealedDatabase
  readonly #checkpoint: Checkpoint
  readonly #sums: PaymentSums
  readonly #closeShelf: () => void
  /** Most hubs see a link on the ledger seldom or never: as long as there is none, none is looked for. */
  #hasReveals: boolean
  #sequence: number
  #isBusy = false
  readonly #closing = new AbortController()

  constructor(
    database: SealedDatabase,
    {
      checkpoint,
      sums,
      sequence,
      hasReveals,
      ...stored
    }: RebuiltHub & { readonly hasReveals: boolean },
    closeShelf: () => void,
  ) {
    this.stored = stored
    this.#closeShelf = closeShelf
    this.#database = database
    this.#checkpoint = checkpoint
    this.#sums = sums
    this.#sequence = sequence
    this.#hasReveals = hasReveals
  }

  async payments(anchors: readonly Anchor[]): Promise<readonly Payment[]> {
    return paymentsOf((table, keys) => this.#database.lookup(table, keys), anchors)
  }

  async reveals(anchors: readonly Anchor[]): Promise<readonly Anchor[]> {
    if (!this.#hasReveals) return []
    const rows = await this.#database.lookup(REVEAL, keysOf(anchors))
    return rows.map((row) => toHex(storedBytes(row, 'anchor', 32)) as Anchor)
  }

  async commit(writes: HubWrites, height: number | undefined): Promise<void> {
    invariant(!this.#isBusy, 'batches are committed one after the other')
    this.#isBusy = true
    const { state } = this.stored
    const sequence = this.#sequence + 1
    const { record, slots } = encodeRecord(state, writes)
    const part = this.#checkpoint.next(state.pages.unwritten)
    const partRows = this.#rowsOf(part)
    // Now: while this batch is stored the next one looks up what it may ask about.
    const replaced = [...writes.payments.keys()].map((anchor) => state.payment(anchor))
    await this.#database.commit([
      put(LOG, [sequence, record]),
      ...[...writes.reveals].map((anchor) => put(REVEAL, [fromHex(anchor)])),
      ...(height === undefined ? [] : [put(META, ['height', String(height)])]),
      ...partRows,
    ])
    this.#sequence = sequence
    this.#hasReveals ||= writes.reveals.size > 0
    for (const [i, payment] of [...writes.payments.values()].entries()) {
      this.#sums.replace(replaced[i], payment)
    }
    this.#checkpoint.written(part, bytesOfPages(partRows))
    state.apply(writes)
    for (const payment of part.payments) state.release(payment)
    const pages = slots.map((slot) => Math.floor(slot / PAGE_CHANNELS))
    this.#checkpoint.note({ sequence, bytes: record.length }, pages, writes.payments.values())
    this.#isBusy = false
  }

  addJob({ id, transaction }: LedgerJob): Promise<void> {
    return this.#database.commit([put(JOB, [fromHex(id), transaction])])
  }

  removeJob(id: TxId): Promise<void> {
    return this.#database.commit([{ kind: 'remove', table: JOB, key: [fromHex(id)] }])
  }

  async totals(): Promise<readonly PaymentTotals[]> {
    return this.#sums.totals
  }

  async finished(
    after: PaymentCursor | undefined,
    before: Timestamp,
    count: number,
  ): Promise<readonly Payment[]> {
    const from = after ?? { time: 0 as Timestamp, anchor: '' as Anchor }
    const found = new Map<Anchor, Payment>()
    // First of all: what a commit moves into the table meanwhile, behind what was read there, is in one of both.
    const unlisted = this.#checkpoint.ended(from, before, count)
    for (let last = from; found.size < count; ) {
      const rows = await this.#database.list(PAYMENT, [last.time, fromHex(last.anchor)], count)
      const listed = rows.map(paymentOf)
      for (const payment of listed) {
        // The table may have an older word of one that was tried again since.
        if (isFinal(payment) && !this.#checkpoint.has(payment)) found.set(payment.anchor, payment)
      }
      const end = listed.at(-1)
      if (end === undefined || end.time >= before) break
      last = end
    }
    for (const payment of unlisted) found.set(payment.anchor, payment)
    return [...found.values()]
      .filter(({ time }) => time < before)
      .sort((a, b) => (isBehind(a, b) ? 1 : -1))
      .slice(0, count)
  }

  checkHistory(): Promise<void> {
    const rest = historyPace(PROCESS_CLOCK, this.#closing.signal)
    return this.#database.checkHistory(rest, HISTORY_ROWS)
  }

  /** What the log has is written where it belongs, so that the next start has nothing to do again. */
  async close(): Promise<void> {
    this.#closing.abort()
    const part = this.#checkpoint.all()
    try {
      if (part.records.length > 0) await this.#database.commit(this.#rowsOf(part))
    } finally {
      await this.#database.close()
      this.#closeShelf()
    }
  }

  #rowsOf(part: CheckpointPart): readonly RowWrite[] {
    const sums = put(META, ['sums', sumsText(this.#sequence, this.#sums.totals)])
    const rows = partRows(part, this.stored.state, this.#sequence)
    return part.payments.length === 0 ? rows : [...rows, sums]
  }
}

async function hasRows(database: SealedDatabase, table: SealedTable): Promise<boolean> {
  for await (const rows of database.scan(table)) return rows.length > 0
  return false
}

/** The rows of a part of a checkpoint, with everything in them up to record `sequence`. */
function partRows(
  { pages, payments, records }: CheckpointPart,
  state: StoredHub['state'],
  sequence: number,
): readonly RowWrite[] {
  return [
    ...pages.map((page) => put(PAGE, [page, sequence, state.pages.writePage(page)])),
    ...payments.map((payment) => put(PAYMENT, paymentRow(payment))),
    ...records.map((record): RowWrite => ({ kind: 'remove', table: LOG, key: [record] })),
  ]
}

function bytesOfPages(rows: readonly RowWrite[]): number {
  return rows.reduce((sum, row) => {
    const channels = row.kind === 'put' && row.table === PAGE ? row.values[2] : undefined
    return sum + (channels instanceof Uint8Array ? channels.length : 0)
  }, 0)
}

async function paymentsOf(lookUp: LookUp, anchors: readonly Anchor[]): Promise<readonly Payment[]> {
  return (await lookUp(PAYMENT, keysOf(anchors))).map(paymentOf)
}

function keysOf(anchors: readonly Anchor[]): readonly (readonly SqlValue[])[] {
  return anchors.map((anchor) => [fromHex(anchor)])
}

function put(table: SealedTable, values: readonly SqlValue[]): RowWrite {
  return { kind: 'put', table, values }
}
