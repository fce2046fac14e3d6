import { pause } from '@tallystick/client-sdk'
import {
  markNewDatabase,
  type Restored,
  type RowWrite,
  SealedDatabase,
  type SealedTable,
  type SqlValue,
  type StoredRow,
  storedBytes,
  storedText,
} from '@tallystick/client-sdk/node'
import {
  type Anchor,
  type ChainId,
  fromHex,
  type PublicKey,
  parseTimestamp,
  type Timestamp,
  type TxId,
  toHex,
} from '@tallystick/protocol'
import { decodeHubChannel, encodeHubChannel, type HubChannel, idOf } from '../core/hub-channel.js'
import type { HubWrites } from '../core/hub-view.js'
import type { PaymentStatus } from '../core/payment.js'
import type { Journal, LedgerJob, PaymentTotals } from './journal.js'
import { amountOf, paymentOf, paymentRow, paymentStatusOf } from './payment-row.js'

/** Format of the file; a journal of another one is refused by name. */
const JOURNAL_VERSION = 8

const META: SealedTable = {
  name: 'meta',
  kind: 'live',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'value', type: 'TEXT' },
  ],
  keys: 1,
}
const CHANNEL: SealedTable = {
  name: 'channel',
  kind: 'live',
  columns: [
    { name: 'id', type: 'BLOB' },
    { name: 'state', type: 'BLOB' },
  ],
  keys: 1,
}
const JOB: SealedTable = {
  name: 'job',
  kind: 'live',
  columns: [
    { name: 'id', type: 'BLOB' },
    { name: 'bytes', type: 'BLOB' },
  ],
  keys: 1,
}
const PAYMENT: SealedTable = {
  name: 'payment',
  kind: 'history',
  columns: [
    { name: 'anchor', type: 'BLOB' },
    { name: 'from_channel', type: 'BLOB' },
    { name: 'from_item', type: 'BLOB' },
    { name: 'to_channel', type: 'BLOB' },
    { name: 'to_item', type: 'BLOB' },
    { name: 'amount', type: 'TEXT' },
    { name: 'fee', type: 'TEXT' },
    { name: 'status', type: 'TEXT' },
    { name: 'time', type: 'INTEGER' },
  ],
  keys: 1,
}
const REVEAL: SealedTable = {
  name: 'reveal',
  kind: 'history',
  columns: [{ name: 'anchor', type: 'BLOB' }],
  keys: 1,
}

/** Between two pages of history that are checked behind the payments, milliseconds. */
const HISTORY_REST_MS = 50

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
  }: { readonly restored?: RestoredJournal; readonly unmarked?: 'made' | 'refused' } = {},
): Promise<Journal> {
  const database = await SealedDatabase.open({
    path,
    ...{ owner: `hub of chain ${chainId}`, key: hub },
    format: JOURNAL_VERSION,
    tables: [META, CHANNEL, JOB, PAYMENT, REVEAL],
    unmarked,
    advice: {
      copy: 'put the newest copy back, or have "hub run --restored" take it as it is',
      damage:
        'put the newest copy back, or move it away with its "-wal" and "hub run --restored": without a journal the hub finds its channels on the ledger and resumes them',
    },
    ...(restored === undefined ? {} : { restored: restoredRows(restored) }),
  })
  return {
    load: () => load(database),
    payments: async (anchors) => (await rowsOf(database, PAYMENT, anchors)).map(paymentOf),
    reveals: async (anchors) => (await rowsOf(database, REVEAL, anchors)).map(anchorOf),
    commit: (writes, height) => database.commit(rowsToWrite(writes, height)),
    addJob: ({ id, transaction }) =>
      database.commit([{ kind: 'put', table: JOB, values: [fromHex(id), transaction] }]),
    removeJob: (id) => database.commit([{ kind: 'remove', table: JOB, key: [fromHex(id)] }]),
    totals: () => totals(database),
    checkHistory: () => database.checkHistory(() => pause(HISTORY_REST_MS, undefined)),
    close: () => database.close(),
  }
}

function restoredRows({ time, channel }: RestoredJournal): Restored {
  return {
    row: (table, row) =>
      table === CHANNEL
        ? channelRow(channel(decodeHubChannel(storedBytes(row, 'state'))))
        : undefined,
    writes: [{ kind: 'put', table: META, values: ['restored_time', String(time)] }],
  }
}

function channelRow(channel: HubChannel): readonly Uint8Array[] {
  return [fromHex(idOf(channel)), encodeHubChannel(channel)]
}

async function load(database: SealedDatabase): ReturnType<Journal['load']> {
  const channels: HubChannel[] = []
  for await (const rows of database.scan(CHANNEL)) {
    for (const row of rows) channels.push(decodeHubChannel(storedBytes(row, 'state')))
  }
  const jobs: LedgerJob[] = []
  for await (const rows of database.scan(JOB)) {
    for (const row of rows) {
      const id = toHex(storedBytes(row, 'id', 32)) as TxId
      jobs.push({ id, transaction: storedBytes(row, 'bytes') })
    }
  }
  const [height] = await database.lookup(META, [['height']])
  const [restored] = await database.lookup(META, [['restored_time']])
  return {
    channels,
    height: height === undefined ? -1 : storedText(height, 'value', parseHeight, 'a height'),
    jobs,
    restoredTime: restored && storedText(restored, 'value', parseTime, 'a ledger time'),
  }
}

/** A height of the ledger. */
function parseHeight(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined
}

function parseTime(text: string): Timestamp | undefined {
  return /^[0-9]{1,15}$/.test(text) ? parseTimestamp(Number(text)) : undefined
}

function rowsOf(
  database: SealedDatabase,
  table: SealedTable,
  anchors: readonly Anchor[],
): Promise<readonly StoredRow[]> {
  return database.lookup(
    table,
    anchors.map((anchor) => [fromHex(anchor)]),
  )
}

function anchorOf(row: StoredRow): Anchor {
  return toHex(storedBytes(row, 'anchor', 32)) as Anchor
}

function rowsToWrite(
  { channels, payments, reveals }: HubWrites,
  height: number | undefined,
): readonly RowWrite[] {
  const put = (table: SealedTable, values: readonly SqlValue[]): RowWrite => {
    return { kind: 'put', table, values }
  }
  return [
    ...[...reveals].map((anchor) => put(REVEAL, [fromHex(anchor)])),
    ...[...channels.values()].map((channel) => put(CHANNEL, channelRow(channel))),
    ...[...payments.values()].map((payment) => put(PAYMENT, paymentRow(payment))),
    ...(height === undefined ? [] : [put(META, ['height', String(height)])]),
  ]
}

async function totals(database: SealedDatabase): Promise<readonly PaymentTotals[]> {
  const sums = new Map<PaymentStatus, PaymentTotals>()
  // Amounts are 63-bit numbers kept as text, so SQLite's own SUM would round them.
  for await (const rows of database.scan(PAYMENT)) {
    for (const row of rows) {
      const status = paymentStatusOf(row)
      const before = sums.get(status) ?? { status, count: 0, amount: 0n, fee: 0n }
      sums.set(status, {
        status,
        count: before.count + 1,
        amount: before.amount + amountOf(row, 'amount'),
        fee: before.fee + amountOf(row, 'fee'),
      })
    }
  }
  return [...sums.values()]
}
