#!/usr/bin/env node
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreFault } from '@tallystick/client-sdk'
import { Command, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import { startHub } from '../hub.js'
import { DEFAULT_HUB_CONFIG, type HubConfig } from '../hub-config.js'
import { loadHubKeys } from '../hub-keys.js'

/** Exit codes: 0 stopped on request, 1 could not start, 70 a durable promise was broken. */
const EXIT = { failed: 1, fault: 70 } as const

const program = new Command('hub').description('A Tallystick payment-channel hub')

program
  .command('init')
  .description('create the key of a hub and show what a ledger needs to fund it')
  .requiredOption('--data <dir>', 'folder of the journal and the key')
  .option('--json', 'print one JSON object')
  .action(async ({ data, json }: { data: string; json?: true }) => {
    await mkdir(data, { recursive: true })
    const { signer, payoutLock } = await loadHubKeys(join(data, 'hub.key'))
    const facts = { hub: signer.publicKey, payout_lock: payoutLock }
    print(json, facts, `hub key      ${facts.hub}\npayout lock  ${facts.payout_lock}`)
  })

program
  .command('run')
  .description('serve channels until stopped with Ctrl-C')
  .requiredOption('--data <dir>', 'folder of the journal and the key')
  .requiredOption('--ledger <url>', 'address of a ledger node, http://host:port')
  .option('--host <address>', 'address to listen on', DEFAULT_HUB_CONFIG.host)
  .option('--port <number>', 'port to listen on, 0 for any', wholeNumber, DEFAULT_HUB_CONFIG.port)
  .option('--asset <number>', 'asset that the hub carries', wholeNumber, DEFAULT_HUB_CONFIG.asset)
  .option('--fee-base <units>', 'base units per payment', baseUnits, DEFAULT_HUB_CONFIG.feeBase)
  .option('--fee-ppm <ppm>', 'millionths of the amount', wholeNumber, DEFAULT_HUB_CONFIG.feePpm)
  .option(
    '--inbound-max <units>',
    'most deposited per channel',
    baseUnits,
    DEFAULT_HUB_CONFIG.inboundMax,
  )
  .option(
    '--dispute-window <seconds>',
    'of every channel',
    wholeNumber,
    DEFAULT_HUB_CONFIG.disputeWindowSeconds,
  )
  .option(
    '--client-penalty-ppm <ppm>',
    'of a wrong force close',
    wholeNumber,
    DEFAULT_HUB_CONFIG.clientPenaltyPpm,
  )
  .option('--gather-ms <ms>', 'how long a batch gathers', wholeNumber, DEFAULT_HUB_CONFIG.gatherMs)
  .option('--stop-with-parent', 'stop when standard input ends')
  .option('--json', 'print the address as one JSON object')
  .action(run)

await program.parseAsync()

async function run(options: {
  data: string
  ledger: string
  host: string
  port: number
  asset: number
  feeBase: bigint
  feePpm: number
  inboundMax: bigint
  disputeWindow: number
  clientPenaltyPpm: number
  gatherMs: number
  stopWithParent?: true
  json?: true
}): Promise<void> {
  const log = pino({ name: 'hub' }, pino.destination({ dest: 2, sync: true }))
  const { data, ledger, disputeWindow, json, stopWithParent, ...rest } = options
  const config: HubConfig = {
    ...rest,
    dataDir: data,
    ledgerUrl: ledger,
    disputeWindowSeconds: disputeWindow,
  }
  const fault = (cause: unknown) => {
    log.fatal({ err: cause }, 'the hub stops: it could not keep a durable promise')
    process.exit(EXIT.fault)
  }
  // Before the hub stands, too: it may wait long for a ledger that never comes.
  let stop: () => void = () => process.exit(0)
  process.once('SIGINT', () => stop())
  process.once('SIGTERM', () => stop())
  if (stopWithParent) process.stdin.once('close', () => stop()).resume()
  const hub = await startHub(config, (report) => log.info(report, report.kind), fault).catch(
    (error) => {
      const code = error instanceof StoreFault ? error.code : 'hub_failed'
      log.fatal({ code, err: error }, 'the hub could not start')
      process.exit(EXIT.failed)
    },
  )
  print(json, { event: 'listening', url: hub.url, hub: hub.key }, `hub ${hub.key} at ${hub.url}`)
  stop = () => void hub.stop().then(() => process.exit(0))
}

function print(json: true | undefined, facts: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(facts) : text}\n`)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('a whole number is due here')
  return Number(text)
}

function baseUnits(text: string): bigint {
  if (!/^\d{1,18}$/.test(text))
    throw new InvalidArgumentError('a whole number of base units is due here')
  return BigInt(text)
}
