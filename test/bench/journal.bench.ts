import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RowWrite, SealedDatabase, type SealedTable } from '@tallystick/client-sdk/node'
import { putRows, tableSchema } from '#client-sdk/node/sealed-table.js'
import { openDatabase } from '#client-sdk/node/sqlite-database.js'
import { median, progress, report, SCALE } from './benchmark.js'

/*
 * What the seal and the mark of a journal cost (JRN-1 to JRN-4): commits of a hub's usual batch, with
 * them and without, in turns, so that both meet the same disk. Without, a commit is one sync of
 * SQLite's log; with them there is a second one, of a file beside it.
 */

const COMMITS = Math.round(1_000 * SCALE)
const ROUNDS = 5
/** Rows of one commit: channels of an ordinary size, and a payment for each two of them. */
const CHANNELS = 32
const CHANNEL_BYTES = 900
const PAYMENT_BYTES = 200

const blob = (name: string) => ({ name, type: 'BLOB' }) as const
const CHANNEL: SealedTable = {
  ...{ name: 'channel', kind: 'live', keys: 1, columns: [blob('id'), blob('state')] },
}
const PAYMENT: SealedTable = {
  ...{ name: 'payment', kind: 'history', keys: 1, columns: [blob('id'), blob('state')] },
  order: 'written',
}

function rowsOf(table: SealedTable, count: number, bytes: number, from: number) {
  return Array.from({ length: count }, (_, i) => {
    const id = new Uint8Array(32)
    new DataView(id.buffer).setUint32(0, Math.imul(from + i, 0x9e3779b1) >>> 0)
    return { table, values: [id, new Uint8Array(bytes).fill(from + i)] }
  })
}

function batch(number: number) {
  return [
    ...rowsOf(CHANNEL, CHANNELS, CHANNEL_BYTES, (number * CHANNELS) % 10_000),
    ...rowsOf(PAYMENT, CHANNELS / 2, PAYMENT_BYTES, number * CHANNELS),
  ]
}

async function commitsPerSecond(commit: (number: number) => Promise<void>, from: number) {
  const started = performance.now()
  for (let number = from; number < from + COMMITS; number++) await commit(number)
  return (1_000 * COMMITS) / (performance.now() - started)
}

const dir = mkdtempSync(join(tmpdir(), 'tallystick-journal-'))
try {
  const sealed = await SealedDatabase.open({
    ...{ path: join(dir, 'sealed.db'), owner: 'bench', format: 1, tables: [CHANNEL, PAYMENT] },
    ...{ unmarked: 'made', advice: { copy: '', damage: '' } },
  })
  const bare = await openDatabase(join(dir, 'bare.db'))
  await bare.transaction(async ({ run }) => {
    for (const statement of [CHANNEL, PAYMENT].flatMap(tableSchema)) await run(statement)
  })
  const withMark: number[] = []
  const without: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const commitSealed = (number: number) =>
      sealed.commit(batch(number).map((row): RowWrite => ({ kind: 'put', ...row })))
    withMark.push(await commitsPerSecond(commitSealed, round * COMMITS))
    const commitBare = (number: number) =>
      bare.transaction(async (transaction) => {
        for (const table of [CHANNEL, PAYMENT]) {
          const rows = batch(number).filter((row) => row.table === table)
          const values = rows.map((row) => [...row.values, new Uint8Array(16)])
          await putRows(transaction, table, values)
        }
      })
    without.push(await commitsPerSecond(commitBare, round * COMMITS))
    progress(`round ${round + 1}: ${withMark.at(-1)?.toFixed(0)} of ${without.at(-1)?.toFixed(0)}`)
  }
  await sealed.close()
  await bare.close()
  const share = median(withMark) / median(without)
  report('journal', {
    rowsPerCommit: CHANNELS + CHANNELS / 2,
    commitsPerSecond: median(withMark),
    commitsPerSecondWithout: median(without),
    limits: { shareOfCommitsWithout: `${share.toFixed(2)} of 0.40`, isMet: share > 0.4 },
  })
} finally {
  rmSync(dir, { recursive: true, force: true })
}
