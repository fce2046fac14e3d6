import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { playFrauds } from './demo/fraud.js'
import { readOrders } from './replay/orders.js'
import { Progress } from './replay/progress.js'
import { POUND, replayOrders } from './replay/shop-replay.js'
import { summaryOf } from './replay/summary.js'

/** Seconds of ledger time that the frauds wait for their disputes. A real channel has a day. */
const DISPUTE_WINDOW_SECONDS = 4

const ORDERS = new URL('../../scripts/demo/orders-2010-12.csv', import.meta.url)
const INTRODUCTION = `
Tallystick, on one machine: a settlement ledger, a payment hub, and a month of a real shop.

Customers put money into channels on the ledger once. After that they pay the shop through the hub
without touching the ledger: each payment is two signed promises that only the right preimage turns
into money. At the end all channels are closed in a few transactions, and every unit is counted.
Then two cheats try to close with old promises.
`

new Command('demo')
  .description('A month of a real shop through a ledger and a hub, then two frauds that fail')
  .parse()
const progress = new Progress({ quiet: false })
progress.say(INTRODUCTION)
const dataDir = mkdtempSync(join(tmpdir(), 'tallystick-demo-'))
let caught = false
const result = await replayOrders({
  file: readOrders(readFileSync(ORDERS), POUND),
  dataDir,
  blockIntervalMs: 200,
  disputeWindowSeconds: DISPUTE_WINDOW_SECONDS,
  progress,
  afterwards: async (stage, books) => {
    progress.say(`\n${summaryOf(books)}`)
    caught = await playFrauds(stage, dataDir, progress)
  },
})
rmSync(dataDir, { recursive: true, force: true })
const passed = result.reconciled && caught
progress.say(
  passed
    ? '\nEverything adds up, and both penalties have arrived.'
    : '\nSomething is off: see the figures above.',
)
process.exit(passed ? 0 : 1)
