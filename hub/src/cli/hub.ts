#!/usr/bin/env node
import { makeFolder } from '@tallystick/client-sdk/node'
import {
  outliveOutput,
  printFacts,
  SERVER_EXIT_CODES,
  stopOnFailure,
  stopRunning,
  stopWhenAsked,
} from '@tallystick/daemon'
import { Command, Option } from 'commander'
import { DEFAULT_HUB_CONFIG, type HubConfig } from '../hub-config.js'
import { initHubKeys } from '../hub-keys.js'
import { addAuditCommand } from './audit-command.js'
import { FAILURE_NAMES } from './failure-names.js'
import { addLeaveCommand } from './leave-command.js'
import { baseUnits, serverAddress, wholeNumber } from './option-values.js'
import { addPaymentsCommand } from './payments-command.js'

const program = new Command('hub')
  .description('A Tallystick payment-channel hub')
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

program
  .command('init')
  .description('create the key of a hub and show what a ledger needs to fund it')
  .requiredOption('--data <dir>', 'folder of the journal and the key')
  .option('--json', 'print one JSON object')
  .action(async ({ data, json }: { data: string; json?: true }) => {
    await makeFolder(data)
    const { signer, payoutLock } = await initHubKeys(data)
    const facts = { hub: signer.publicKey, payout_lock: payoutLock }
    printFacts(json, facts, `hub key      ${facts.hub}\npayout lock  ${facts.payout_lock}`)
  })

addAuditCommand(program)
addLeaveCommand(program)
addPaymentsCommand(program)

program
  .command('run')
  .description('serve channels until stopped with Ctrl-C')
  .requiredOption('--data <dir>', 'folder of the journal and the key')
  .requiredOption('--ledger <url>', 'address of a ledger node, http://host:port', serverAddress)
  .option('--host <address>', 'address to listen on', DEFAULT_HUB_CONFIG.host)
  .addOption(numberOption('--port <number>', 'port to listen on, 0 for any', 'port', 0, 65_535))
  .addOption(
    numberOption('--trust-proxy <n>', 'proxies in front that name clients', 'trustProxy', 0, 16),
  )
  .addOption(numberOption('--asset <number>', 'asset that the hub carries', 'asset', 0, 255))
  .addOption(unitsOption('--fee-base <units>', 'base units per payment', 'feeBase'))
  .addOption(numberOption('--fee-ppm <ppm>', 'millionths of the amount', 'feePpm', 0, 1_000_000))
  .addOption(unitsOption('--inbound-max <units>', 'most deposited per channel', 'inboundMax'))
  .addOption(
    numberOption(
      '--dispute-window <seconds>',
      'of every channel',
      'disputeWindowSeconds',
      0,
      2 ** 32 - 1,
    ),
  )
  .addOption(
    numberOption(
      '--client-penalty-ppm <ppm>',
      'of a wrong force close',
      'clientPenaltyPpm',
      1,
      1_000_000,
    ),
  )
  .addOption(
    numberOption('--rest-memory <MiB>', 'for channels at rest', 'restMemory', 1, 1_048_576),
  )
  .addOption(numberOption('--gather-ms <ms>', 'how long a batch gathers', 'gatherMs', 0, 60_000))
  .option('--restored', 'the journal is a restored copy: resume every channel before it signs')
  .option('--stop-with-parent', 'stop when standard input ends')
  .option('--json', 'print the address as one JSON object')
  .action(run)

for (const command of [program, ...program.commands])
  command.addHelpText('after', SERVER_EXIT_CODES)

outliveOutput()
await program.parseAsync().catch((error) => stopOnFailure(error, FAILURE_NAMES))

async function run(options: {
  data: string
  ledger: string
  host: string
  port: number
  trustProxy: number
  asset: number
  feeBase: bigint
  feePpm: number
  inboundMax: bigint
  disputeWindow: number
  clientPenaltyPpm: number
  gatherMs: number
  restMemory: number
  restored?: true
  stopWithParent?: true
  json?: true
}): Promise<void> {
  const [{ pino }, { startHub }] = await Promise.all([import('pino'), import('../hub.js')])
  const log = pino({ name: 'hub' }, pino.destination({ dest: 2, sync: true }))
  const { data, ledger, disputeWindow, json, restored, stopWithParent, ...rest } = options
  const config: HubConfig = {
    ...rest,
    dataDir: data,
    ledgerUrl: ledger,
    disputeWindowSeconds: disputeWindow,
    restored: restored === true,
  }
  const fault = (cause: unknown) =>
    stopRunning(cause, { names: FAILURE_NAMES, log, who: 'the hub' })
  // Before the hub stands, too: it may wait long for a ledger that never comes.
  const stops = stopWhenAsked(stopWithParent === true, fault)
  const hub = await startHub(config, (report) => log.info(report, report.kind), fault)
  printFacts(
    json,
    { event: 'listening', url: hub.url, hub: hub.key },
    `hub ${hub.key} at ${hub.url}`,
  )
  stops(() => hub.stop())
}

function numberOption(
  flags: string,
  description: string,
  name:
    | 'port'
    | 'trustProxy'
    | 'asset'
    | 'feePpm'
    | 'disputeWindowSeconds'
    | 'clientPenaltyPpm'
    | 'gatherMs'
    | 'restMemory',
  min: number,
  max: number,
): Option {
  return new Option(flags, description)
    .argParser(wholeNumber(min, max))
    .default(DEFAULT_HUB_CONFIG[name])
}

/** Help shows defaults as JSON, which knows no bigint: it is told what to show. */
function unitsOption(flags: string, description: string, name: 'feeBase' | 'inboundMax'): Option {
  const value = DEFAULT_HUB_CONFIG[name]
  return new Option(flags, description).argParser(baseUnits).default(value, String(value))
}
