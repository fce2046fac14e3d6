import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { formatAmount, NotAnOrderFile, readOrders } from './replay/orders.js'
import { Progress } from './replay/progress.js'
import { POUND, type ReplayResult, replayOrders } from './replay/shop-replay.js'

/** Exit codes: 0 reconciled to the last unit, 1 not, 2 the order file cannot be read. */
const EXIT = { notReconciled: 1, noOrders: 2 } as const

const program = new Command('replay')
  .description("Play a merchant's order export through a ledger and a hub, to the last unit")
  .requiredOption('--orders <file>', 'CSV: order_id,placed_at,customer_id,country,currency,total,lines')
  .option('--data <dir>', 'keep everything here; a replay that was cut off goes on from it')
  .option('--json', 'print one JSON object last, and nothing else')
  .parse()
const options = program.opts<{ orders: string; data?: string; json?: true }>()

const progress = new Progress({ quiet: options.json === true })
const dataDir = options.data ?? mkdtempSync(join(tmpdir(), 'tallystick-replay-'))
try {
  const file = readOrders(readFileSync(options.orders, 'utf8'), POUND)
  for (const { line, reason } of file.rejected) process.stderr.write(`line ${line} skipped: ${reason}\n`)
  const result = await replayOrders({
    file,
    dataDir,
    blockIntervalMs: 200,
    disputeWindowSeconds: 3_600,
    progress,
  })
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else process.stdout.write(`${summary(result)}\n`)
  if (options.data === undefined) rmSync(dataDir, { recursive: true, force: true })
  process.exit(result.reconciled ? 0 : EXIT.notReconciled)
} catch (error) {
  const unreadable = error instanceof NotAnOrderFile || (error as { code?: string }).code === 'ENOENT'
  process.stderr.write(`replay: ${error instanceof Error ? error.message : String(error)}\n`)
  process.stderr.write(unreadable ? '' : `everything is kept in ${dataDir}\n`)
  process.exit(unreadable ? EXIT.noOrders : EXIT.notReconciled)
}

function summary(result: ReplayResult): string {
  const { reconciliation: books } = result
  const money = (units: string) => formatAmount(BigInt(units), POUND)
  return [
    `orders            ${result.orders} (${result.skipped} of zero skipped, ${result.rejected} rejected)`,
    `payments          ${result.payments}, refunds ${result.refunds}, over ${result.channels} channels`,
    `speed             ${result.paymentsPerSecond} a second, p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`,
    `closing           ${result.closedChannels} channels in ${result.closeTransactions} transactions, ${result.bytesPerClosedChannel} bytes each`,
    `sales             ${money(books.sales)}`,
    `refunds           ${money(books.refunds)}`,
    `fees on refunds   ${money(books.shopFees)}`,
    `shop on ledger    ${money(books.shopOnLedger)}`,
    `supply            ${money(books.issued)} = coins ${money(books.coins)} + burnt ${money(books.burntFees)}`,
    result.reconciled ? 'reconciled to the last unit' : `NOT reconciled: ${books.problems.join('; ')}`,
  ].join('\n')
}
