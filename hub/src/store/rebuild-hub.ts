import {
  type SealedTable,
  type StoredRow,
  storedBytes,
  storedNumber,
  storedText,
} from '@tallystick/client-sdk/node'
import {
  type Anchor,
  invariant,
  parseTimestamp,
  type Timestamp,
  type TxId,
  toHex,
} from '@tallystick/protocol'
import { PAGE_CHANNELS, type PageMemory } from '../core/channel-pages.js'
import { HubState } from '../core/hub-state.js'
import type { Payment } from '../core/payment.js'
import type { Checkpoint } from './checkpoint.js'
import type { LedgerJob, StoredHub } from './journal.js'
import { JOB, LOG, META, PAGE } from './journal-tables.js'
import { applyRecord, openRecord } from './log-record.js'
import { PaymentSums, parseSums } from './payment-sums.js'

/**
 * What a start has read of the live tables of a journal, in the order of their keys. Pages go into `state` as
 * they come, so that there are never more of them in memory than it may keep.
 */
export class FoundRows {
  readonly meta = new Map<string, StoredRow>()
  readonly records: { readonly sequence: number; readonly record: Uint8Array }[] = []
  /** Of each page, the last record that is in it. */
  readonly pageSequences: number[] = []
  readonly jobs: LedgerJob[] = []
  readonly state: HubState
  /** A page is missing, or not all of those before it are full: the digests of the live rows say so, too. */
  #isBroken = false

  constructor(memory: PageMemory) {
    this.state = new HubState([], memory)
  }

  add(table: SealedTable, rows: readonly StoredRow[]): void {
    for (const row of rows) this.#add(table, row)
  }

  /** Once all rows were heard, and are those of the newest commit. */
  assertWhole(): void {
    invariant(
      !this.#isBroken,
      'the pages of a journal follow one another, and all but the last are full',
    )
  }

  /** Lets go of everything but the state: what was made of it lives on elsewhere. */
  clear(): void {
    this.meta.clear()
    this.records.length = 0
    this.pageSequences.length = 0
    this.jobs.length = 0
  }

  #add(table: SealedTable, row: StoredRow): void {
    switch (table) {
      case META:
        this.meta.set(
          storedText(row, 'name', (text) => text, 'a name'),
          row,
        )
        break
      case LOG:
        this.records.push({ sequence: sequenceOf(row), record: storedBytes(row, 'record') })
        break
      case PAGE:
        this.#addPage(row)
        break
      case JOB: {
        const id = toHex(storedBytes(row, 'id', 32)) as TxId
        this.jobs.push({ id, transaction: storedBytes(row, 'bytes') })
      }
    }
  }

  #addPage(row: StoredRow): void {
    const { pages } = this.state
    const page = this.pageSequences.length
    const isNext = row['number'] === page && pages.size === page * PAGE_CHANNELS
    this.#isBroken ||= !isNext
    if (this.#isBroken) return
    pages.readPage(page, storedBytes(row, 'channels'))
    this.pageSequences.push(sequenceOf(row))
  }
}

/** A hub as its journal has it, and where the journal goes on. */
export type RebuiltHub = StoredHub & {
  /** Of the newest record. */
  readonly sequence: number
  readonly checkpoint: Checkpoint
  readonly sums: PaymentSums
}

/**
 * JRN-9: the pages, and on top of each the records that it does not have in it, which `checkpoint` is told
 * of. `lookUp` finds payments in their table.
 */
export async function rebuildHub(
  found: FoundRows,
  checkpoint: Checkpoint,
  lookUp: (anchors: readonly Anchor[]) => Promise<readonly Payment[]>,
): Promise<RebuiltHub> {
  found.assertWhole()
  const { meta, records, pageSequences, jobs, state } = found
  const stored = meta.get('sums')
  const asOf = stored && storedText(stored, 'value', parseSums, 'sums of payments')
  const sums = new PaymentSums(asOf?.totals)
  const anchors = new Set<Anchor>()
  const opened = records.map(({ sequence, record }) => openRecord(sequence, record))
  for (const { payments } of opened) for (const { anchor } of payments) anchors.add(anchor)
  state.preload(await lookUp([...anchors]), new Set())
  for (const record of opened) {
    const { sequence, bytes, payments } = record
    if (sequence > (asOf?.sequence ?? 0)) {
      for (const payment of payments) sums.replace(state.payment(payment.anchor), payment)
    }
    const changed = applyRecord(state, record, (page) => pageSequences[page] ?? 0)
    checkpoint.note({ sequence, bytes }, changed, payments)
  }
  // All that a stopped hub has left may be its sums.
  const newest = Math.max(
    records.at(-1)?.sequence ?? 0,
    newestOf(pageSequences),
    asOf?.sequence ?? 0,
  )
  const height = meta.get('height')
  const restored = meta.get('restored_time')
  return {
    ...{ state, sequence: newest, checkpoint, sums, jobs: [...jobs] },
    height: height === undefined ? -1 : storedText(height, 'value', parseHeight, 'a height'),
    restoredTime: restored && storedText(restored, 'value', parseTime, 'a ledger time'),
  }
}

/** How many pages there are. */
export function pageCountOf({ pages }: HubState): number {
  return Math.ceil(pages.size / PAGE_CHANNELS)
}

function newestOf(sequences: readonly number[]): number {
  return sequences.reduce((newest, sequence) => Math.max(newest, sequence), 0)
}

function sequenceOf(row: StoredRow): number {
  const parse = (value: number) => (Number.isSafeInteger(value) && value >= 0 ? value : undefined)
  return storedNumber(row, 'sequence', parse, 'the number of a record')
}

/** A height of the ledger. */
function parseHeight(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined
}

function parseTime(text: string): Timestamp | undefined {
  return /^[0-9]{1,15}$/.test(text) ? parseTimestamp(Number(text)) : undefined
}
