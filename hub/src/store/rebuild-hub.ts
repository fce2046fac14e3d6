import {
  type SealedTable,
  type StoredRow,
  storedBytes,
  storedNumber,
  storedText,
} from '@tallystick/client-sdk/node'
import { type Anchor, parseTimestamp, type Timestamp, type TxId, toHex } from '@tallystick/protocol'
import { PAGE_CHANNELS, type PageMemory } from '../core/channel-pages.js'
import { HubState } from '../core/hub-state.js'
import type { Payment } from '../core/payment.js'
import type { Checkpoint } from './checkpoint.js'
import type { LedgerJob, StoredHub } from './journal.js'
import { JOB, LOG, META, PAGE } from './journal-tables.js'
import { applyRecord, openRecord } from './log-record.js'
import { PaymentSums, parseSums } from './payment-sums.js'

/** What a start has read of the live tables of a journal, in the order of their keys. */
export class FoundRows {
  readonly meta = new Map<string, StoredRow>()
  readonly records: { readonly sequence: number; readonly record: Uint8Array }[] = []
  readonly pages: { readonly sequence: number; readonly channels: Uint8Array }[] = []
  readonly jobs: LedgerJob[] = []

  add(table: SealedTable, rows: readonly StoredRow[]): void {
    for (const row of rows) this.#add(table, row)
  }

  /** Lets go of everything: what was made of it lives on elsewhere. */
  clear(): void {
    this.meta.clear()
    this.records.length = 0
    this.pages.length = 0
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
        this.pages.push({ sequence: sequenceOf(row), channels: storedBytes(row, 'channels') })
        break
      case JOB: {
        const id = toHex(storedBytes(row, 'id', 32)) as TxId
        this.jobs.push({ id, transaction: storedBytes(row, 'bytes') })
      }
    }
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
  { checkpoint, memory }: { readonly checkpoint: Checkpoint; readonly memory: PageMemory },
  lookUp: (anchors: readonly Anchor[]) => Promise<readonly Payment[]>,
): Promise<RebuiltHub> {
  const { meta, records, pages, jobs } = found
  const state = new HubState([], memory)
  for (const [page, { channels }] of pages.entries()) state.pages.readPage(page, channels)
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
    const changed = applyRecord(state, record, (page) => pages[page]?.sequence ?? 0)
    checkpoint.note({ sequence, bytes }, changed, payments)
  }
  // All that a stopped hub has left may be its sums.
  const newest = Math.max(records.at(-1)?.sequence ?? 0, newestOf(pages), asOf?.sequence ?? 0)
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

function newestOf(pages: FoundRows['pages']): number {
  return pages.reduce((newest, { sequence }) => Math.max(newest, sequence), 0)
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
