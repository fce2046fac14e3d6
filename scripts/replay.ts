import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { type OrderFile, readOrders } from './replay/orders.js'
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
const file = readFile(options.orders)
for (const { line, reason } of file.rejected)
  process.stderr.write(`line ${line} skipped: ${reason}\n`)
const dataDir = options.data ?? mkdtempSync(join(tmpdir(), 'tallystick-replay-'))
try {
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
  fail(error, EXIT.notReconciled, `everything is kept in ${dataDir}`)
}

function readFile(path: string): OrderFile {
  try {
    return readOrders(readFileSync(path), POUND)
  } catch (error) {
    return fail(error, EXIT.noOrders)
  }
}

/** Says what was wrong, for people and, if asked for, as the one JSON object. */
function fail(error: unknown, exitCode: number, hint?: string): never {
  const detail = error instanceof Error ? error.message : String(error)
  const { code = 'replay_failed' } = error as { readonly code?: string }
  process.stderr.write(`replay: ${detail}\n${hint === undefined ? '' : `${hint}\n`}`)
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ reconciled: false, error: { code, detail } })}\n`)
  }
  process.exit(exitCode)
}
