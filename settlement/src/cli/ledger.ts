#!/usr/bin/env node
import { outliveOutput, printFacts, stopOnFailure } from '@tallystick/daemon'
import type { Output } from '@tallystick/protocol'
import { Command, CommanderError, Option } from 'commander'
import type { LedgerOrigin } from '../init-ledger.js'
import type { PricedAsset } from '../priced-asset.js'
import { collectAlone } from '../verify/collect-alone.js'
import { addClientCommands } from './client-commands.js'
import { addHelp } from './command-help.js'
import { addHistoryCommands } from './history-commands.js'
import { lazily } from './lazily.js'
import {
  allocateOption,
  assetOption,
  chainIdOption,
  countOption,
  portOption,
  urlOption,
  wholeOption,
} from './ledger-options.js'
import { addOperatorCommands } from './operator-commands.js'

type InitOptions = {
  data: string
  genesis?: string
  network: string
  asset?: PricedAsset[]
  allocate?: Output[]
  protocolVersion?: number
  timeStep?: number
  disputeWindowMin?: number
  disputeWindowMax?: number
  json?: true
}

collectAlone()
const program = new Command('ledger')
  .description('A Tallystick settlement ledger node')
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

program
  .command('init')
  .description('create the key of a validator and the genesis of a ledger')
  .requiredOption('--data <dir>', 'folder for both, and for the ledger')
  .addOption(
    new Option('--genesis <file>', 'take this genesis instead of making one').conflicts([
      ...['network', 'asset', 'protocolVersion', 'allocate'],
      ...['timeStep', 'disputeWindowMin', 'disputeWindowMax'],
    ]),
  )
  .option('--network <name>', 'name for people', 'local')
  .option('--asset <code:decimals:fee[:issuer]>', 'an asset, units per 1,000 of cost', assetOption)
  .option('--protocol-version <number>', 'of the rules to start with', wholeOption)
  .option('--allocate <lock:asset:amount>', 'a first coin, in base units', allocateOption)
  .option('--time-step <seconds>', 'by which ledger time may rise per block', wholeOption)
  .option('--dispute-window-min <seconds>', 'shortest that a channel may have', wholeOption)
  .option('--dispute-window-max <seconds>', 'longest that a channel may have', wholeOption)
  .option('--json', 'print one JSON object')
  .action(async (options: InitOptions) => {
    const { initLedger } = await import('../init-ledger.js')
    const { chainId, genesis, validator } = await initLedger({
      dataDir: options.data,
      ...originOf(options),
    })
    const facts = { chain_id: chainId, network: genesis.network, validator }
    const text = `chain      ${chainId}\nnetwork    ${genesis.network}\nvalidator  ${validator}`
    printFacts(options.json, facts, text)
  })

program
  .command('run')
  .description('make blocks and serve the API until stopped with Ctrl-C')
  .requiredOption('--data <dir>', 'folder that `init` made')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on, 0 for any', portOption, 7_400)
  .option('--block-interval-ms <ms>', 'between two blocks at least', wholeOption)
  .option('--heartbeat-ms <ms>', 'until a block without transactions', wholeOption)
  .option('--keep-blocks <n>', 'prune all but so many; absent: keep all', countOption)
  .option(
    '--trust-proxy <n>',
    'so many proxies in front name clients (x-forwarded-for)',
    countOption,
  )
  .option('--connections-per-address <n>', 'at a time; absent: 256', countOption)
  .option('--stop-with-parent', 'stop when standard input ends')
  .option('--json', 'print the address as one JSON object')
  .action(lazily(async () => (await import('./run-ledger.js')).runLedger))

program
  .command('follow')
  .description('execute the blocks of another node and serve the API until stopped with Ctrl-C')
  .requiredOption('--from <url>', 'address of the API of that node', urlOption)
  .requiredOption('--data <dir>', 'folder for the ledger; made if it is not there')
  .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
  .addOption(
    new Option(
      '--snapshot <file>',
      'begin a new folder with this instead of the genesis',
    ).conflicts('archive'),
  )
  .option('--archive <dir|url>', 'begin a new folder with the end of this archive')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on, 0 for any', portOption, 7_401)
  .option('--keep-blocks <n>', 'prune all but so many; absent: keep all', countOption)
  .option(
    '--trust-proxy <n>',
    'so many proxies in front name clients (x-forwarded-for)',
    countOption,
  )
  .option('--connections-per-address <n>', 'at a time; absent: 256', countOption)
  .option('--stop-with-parent', 'stop when standard input ends')
  .option('--json', 'print the address as one JSON object')
  .action(lazily(async () => (await import('./follow-ledger.js')).followLedger))

program
  .command('status')
  .description('show where a ledger node stands')
  .requiredOption('--url <url>', 'address of its API', urlOption)
  .option('--json', 'print one JSON object')
  .action(lazily(async () => (await import('./show-status.js')).showStatus))

addClientCommands(program)
addOperatorCommands(program)
addHistoryCommands(program)
addHelp(program)

outliveOutput()
await program.parseAsync().catch(async (error: unknown) => {
  // Help was asked for, and is told.
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0)
  const { FAILURE_NAMES } = await import('./failure-names.js')
  stopOnFailure(error, FAILURE_NAMES)
})

function originOf(options: InitOptions): LedgerOrigin {
  if (options.genesis !== undefined) return { kind: 'file', genesisFile: options.genesis }
  const { protocolVersion, timeStep, disputeWindowMin, disputeWindowMax } = options
  return {
    kind: 'new',
    network: options.network,
    assets: options.asset ?? [],
    allocations: options.allocate ?? [],
    ...(protocolVersion !== undefined && { protocolVersion }),
    ...(timeStep !== undefined && { timeStepSecondsMax: timeStep }),
    ...(disputeWindowMin !== undefined && { disputeWindowSecondsMin: disputeWindowMin }),
    ...(disputeWindowMax !== undefined && { disputeWindowSecondsMax: disputeWindowMax }),
  }
}
