import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { NotAnOrderFile, readOrders } from './replay/orders.js'
import { Progress } from './replay/progress.js'
import { POUND, replayOrders } from './replay/shop-replay.js'
import { summaryOf } from './replay/summary.js'

/** Exit codes: 0 reconciled to the last unit, 1 not, 2 the order file cannot be read. */
const EXIT = { notReconciled: 1, noOrders: 2 } as const

const program = new Command('replay')
  .description("Play a merchant's order export through a ledger and a hub, to the last unit")
  .requiredOption(
    '--orders <file>',
    'CSV: order_id,placed_at,customer_id,country,currency,total,lines',
  )
  .option('--data <dir>', 'keep everything here; a replay that was cut off goes on from it')
  .option('--json', 'print one JSON object last, and nothing else')
  .parse()
const options = program.opts<{ orders: string; data?: string; json?: true }>()

const progress = new Progress({ quiet: options.json === true })
const dataDir = options.data ?? mkdtempSync(join(tmpdir(), 'tallystick-replay-'))
try {
  const file = readOrders(readFileSync(options.orders, 'utf8'), POUND)
  for (const { line, reason } of file.rejected)
    process.stderr.write(`line ${line} skipped: ${reason}\n`)
  const result = await replayOrders({
    file,
    dataDir,
    blockIntervalMs: 200,
    disputeWindowSeconds: 3_600,
    progress,
  })
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else process.stdout.write(`${summaryOf(result)}\n`)
  if (options.data === undefined) rmSync(dataDir, { recursive: true, force: true })
  process.exit(result.reconciled ? 0 : EXIT.notReconciled)
} catch (error) {
  const unreadable =
    error instanceof NotAnOrderFile || (error as { code?: string }).code === 'ENOENT'
  process.stderr.write(`replay: ${error instanceof Error ? error.message : String(error)}\n`)
  process.stderr.write(unreadable ? '' : `everything is kept in ${dataDir}\n`)
  process.exit(unreadable ? EXIT.noOrders : EXIT.notReconciled)
}
