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
import { DEFAULT_TOWER_CONFIG, type TowerConfig } from '../tower-config.js'
import { initTowerKeys } from '../tower-keys.js'
import { askTower } from './ask-tower.js'
import { FAILURE_NAMES } from './failure-names.js'
import { httpAddress, wholeNumber } from './option-values.js'

const program = new Command('watchtower')
  .description('Guards Tallystick channels for owners that are away, for a share of the penalty')
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

program
  .command('init')
  .description('create the key of a tower and show where it is funded')
  .requiredOption('--data <dir>', 'folder of the store and the key')
  .option('--json', 'print one JSON object')
  .action(async ({ data, json }: { data: string; json?: true }) => {
    await makeFolder(data)
    const { guard, payoutLock } = await initTowerKeys(data)
    const facts = { tower: guard.publicKey, payout_lock: payoutLock }
    printFacts(json, facts, `tower key    ${facts.tower}\npayout lock  ${facts.payout_lock}`)
  })

program
  .command('run')
  .description('guard channels until stopped with Ctrl-C')
  .requiredOption('--data <dir>', 'folder of the store and the key')
  .requiredOption('--ledger <url>', 'address of a ledger node, http://host:port', httpAddress)
  .option('--host <address>', 'address to listen on', DEFAULT_TOWER_CONFIG.host)
  .addOption(numberOption('--port <number>', 'port to listen on, 0 for any', 'port', 0, 65_535))
  .addOption(
    numberOption(
      '--asset <number>',
      'asset of fees, bounties and channels',
      'asset',
      0,
      2 ** 32 - 1,
    ),
  )
  .addOption(
    numberOption(
      '--bounty-ppm-min <ppm>',
      'least share of a penalty, millionths',
      'bountyPpmMin',
      0,
      1_000_000,
    ),
  )
  .addOption(
    numberOption(
      '--appointment-seconds-max <seconds>',
      'how far ahead an appointment may reach',
      'appointmentSecondsMax',
      1,
      2 ** 32 - 1,
    ),
  )
  .addOption(
    numberOption(
      '--appointments-max <count>',
      'channels that are guarded in all',
      'appointmentsMax',
      0,
      10_000_000,
    ),
  )
  .addOption(
    numberOption(
      '--appointments-per-key-max <count>',
      'channels of one key among them',
      'appointmentsPerKeyMax',
      0,
      10_000_000,
    ),
  )
  .option('--restored', 'take a store that is a restored copy, and may be old, as it is')
  .option('--stop-with-parent', 'stop when standard input ends')
  .option('--json', 'print the address as one JSON object')
  .action(run)

program
  .command('status')
  .description('show what a running tower says about itself')
  .requiredOption('--tower <url>', 'address of the tower, http://host:port', httpAddress)
  .option('--json', 'print one JSON object')
  .action(async ({ tower, json }: { tower: string; json?: true }) => {
    const facts = await askTower(tower)
    const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(26)}${value}`)
    printFacts(json, facts, lines.join('\n'))
  })

for (const command of [program, ...program.commands])
  command.addHelpText('after', SERVER_EXIT_CODES)

outliveOutput()
await program.parseAsync().catch((error) => stopOnFailure(error, FAILURE_NAMES))

async function run(options: {
  data: string
  ledger: string
  host: string
  port: number
  asset: number
  bountyPpmMin: number
  appointmentSecondsMax: number
  appointmentsMax: number
  appointmentsPerKeyMax: number
  restored?: true
  stopWithParent?: true
  json?: true
}): Promise<void> {
  const [{ pino }, { startTower }] = await Promise.all([import('pino'), import('../tower.js')])
  const log = pino({ name: 'watchtower' }, pino.destination({ dest: 2, sync: true }))
  const { data, ledger, json, stopWithParent, restored = false, ...rest } = options
  const config: TowerConfig = { ...rest, restored, dataDir: data, ledgerUrl: ledger }
  const fault = (cause: unknown) =>
    stopRunning(cause, { names: FAILURE_NAMES, log, who: 'the tower' })
  // Before the tower stands, too: it may wait long for a ledger that never comes.
  const stops = stopWhenAsked(stopWithParent === true, fault)
  const tower = await startTower(config, (report) => log.info(report, report.kind), fault)
  const facts = { event: 'listening', url: tower.url, tower: tower.key }
  printFacts(json, facts, `watchtower ${tower.key} at ${tower.url}`)
  stops(() => tower.stop())
}

function numberOption(
  flags: string,
  description: string,
  name: Exclude<keyof typeof DEFAULT_TOWER_CONFIG, 'host'>,
  min: number,
  max: number,
): Option {
  return new Option(flags, description)
    .argParser(wholeNumber(min, max))
    .default(DEFAULT_TOWER_CONFIG[name])
}
