import { open } from 'node:fs/promises'
import { CommandError } from '@tallystick/daemon'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'
import { ANSWERED } from '../api/answers.js'
import { CSV_HEADER, csvLine } from '../books/books-csv.js'
import { askMerchant, type ServerPlace } from './ask-merchant.js'
import { place } from './key-commands.js'

type ExportOptions = ServerPlace & {
  readonly format: 'csv' | 'json'
  readonly out?: string
  readonly from?: number
  readonly to?: number
  readonly json?: true
}

/** Adds `tally-merchant books export`. Exit code 1 where the books do not reconcile. */
export function addBooksCommand(program: Command): void {
  const books = program.command('books').description('the books, of a server that runs')
  place(books.command('export'))
    .description('write every movement, and hold the books against ledger and channels')
    .addOption(
      new Option('--format <format>', 'of the file').choices(['csv', 'json']).default('csv'),
    )
    .option('--out <file>', 'where to; absent: standard output')
    .option('--from <time>', 'movements of this moment or later, as 2026-01-31', moment)
    .option('--to <time>', 'movements before this moment', moment)
    .action(exportBooks)
}

async function exportBooks({ format, out, from, to, json, ...at }: ExportOptions): Promise<void> {
  // First: what it finds and books belongs into the export.
  const books = ANSWERED.books.parse(await askMerchant(at, '/v1/books'))
  const file = out === undefined ? undefined : await open(out, 'wx', 0o600)
  const write = async (text: string) => {
    if (file === undefined) process.stdout.write(text)
    else await file.write(text)
  }
  const span = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  await write(format === 'csv' ? CSV_HEADER : '{"movements":[')
  let opening: { ledger: string; channels: string } | undefined
  let closing: { ledger: string; channels: string } | undefined
  for await (const row of movements(at, span)) {
    const isFirst = opening === undefined
    opening ??= {
      ledger: `${BigInt(row.ledger_balance) - BigInt(row.ledger)}`,
      channels: `${BigInt(row.channels_balance) - BigInt(row.channels)}`,
    }
    closing = { ledger: row.ledger_balance, channels: row.channels_balance }
    await write(format === 'csv' ? csvLine(row) : `${isFirst ? '' : ','}\n${JSON.stringify(row)}`)
  }
  if (format === 'json') {
    const end = { opening: opening ?? null, closing: closing ?? null, books }
    await write(`\n],${JSON.stringify(end).slice(1)}\n`)
  }
  if (file !== undefined) {
    await file.sync()
    await file.close()
    process.stdout.write(json ? `${JSON.stringify(books)}\n` : `${verdict(books)}\n`)
  }
  if (!books.reconciles) throw new CommandError('books_do_not_reconcile', verdict(books))
}

async function* movements(
  at: ServerPlace,
  span: { readonly from?: number; readonly to?: number },
): AsyncGenerator<z.output<typeof ANSWERED.booking>> {
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const query = new URLSearchParams({ limit: '100', cursor })
    for (const [name, value] of Object.entries(span)) query.set(name, String(value))
    const page = ANSWERED.bookings.parse(await askMerchant(at, `/v1/bookings?${query}`))
    yield* page.data
    cursor = page.next
  }
}

function verdict({
  reconciles,
  height,
  booked,
  difference,
}: z.output<typeof ANSWERED.books>): string {
  if (reconciles) {
    return `the books reconcile at block ${height}: ${booked.ledger} on the ledger, ${booked.channels} in channels`
  }
  return `ledger and channels hold other amounts than the books at block ${height}: ${difference.ledger} more on the ledger, ${difference.channels} more in channels`
}

/** A moment as ISO 8601, in Unix seconds. */
function moment(text: string): number {
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (time >= 0) return Math.floor(time / 1_000)
  throw new InvalidArgumentError('A moment like 2026-01-31 or 2026-01-31T12:00:00Z is due here.')
}
