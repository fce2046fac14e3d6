import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createMnemonic,
  deriveKeys,
  keyLock,
  lockRoot,
  type Mnemonic,
  parseMnemonic,
  seedFromMnemonic,
} from '@tallystick/protocol'
import { Command, InvalidArgumentError } from 'commander'
import { startLocalNetwork } from './network/local-network.js'

const program = new Command('start')
  .description('Keep a local ledger and hub running until Ctrl-C; everything survives a restart')
  .option('--data <dir>', 'folder of the network', './data')
  .option('--ledger-port <number>', 'port of the ledger, 0 for any', portNumber, 9_730)
  .option('--hub-port <number>', 'port of the hub, 0 for any', portNumber, 9_740)
  .option('--json', 'print the addresses as one JSON object')
  .parse()
const options = program.opts<{ data: string; ledgerPort: number; hubPort: number; json?: true }>()

const POUND = { code: 'GBP', decimals: 6, feePerKiloCost: 1_000 } as const
const BANK_FUNDS = 10_000_000n * 10n ** BigInt(POUND.decimals)

const bankWords = orSay(() => {
  mkdirSync(options.data, { recursive: true })
  return wordsOfBank(join(options.data, 'bank.words'))
})
const bankKey = deriveKeys(seedFromMnemonic(bankWords, '')).payout(0).publicKey
const network = await startLocalNetwork({
  dataDir: options.data,
  network: 'local',
  asset: POUND,
  allocations: [{ lock: lockRoot(keyLock(bankKey)), amount: BANK_FUNDS }],
  hubFunds: BANK_FUNDS,
  ledgerPort: options.ledgerPort,
  hubPort: options.hubPort,
  blockIntervalMs: 1_000,
  gatherMs: 1_000,
  disputeWindowSeconds: 3_600,
  onRestart: (name, how) => process.stderr.write(`the ${name} ended (${how}); starting it again\n`),
  onFatal: (error) => {
    process.stderr.write(`start: ${error.message}\n`)
    process.exit(1)
  },
}).catch((error: Error) => {
  process.stderr.write(`start: ${error.message}\n`)
  process.exit(1)
})
process.stdout.write(
  options.json
    ? `${JSON.stringify({ ledger: network.ledgerUrl, chain_id: network.chainId, hub: network.hubUrl, hub_key: network.hubKey })}\n`
    : [
        `ledger     ${network.ledgerUrl}`,
        `chain id   ${network.chainId}`,
        `hub        ${network.hubUrl}`,
        `hub key    ${network.hubKey}`,
        `coins      the words in ${join(options.data, 'bank.words')} open a wallet that holds them`,
        'stop       Ctrl-C',
        '',
      ].join('\n'),
)
const stop = () => void network.stop().then(() => process.exit(0))
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

function wordsOfBank(path: string): Mnemonic {
  if (!existsSync(path)) writeFileSync(path, createMnemonic(randomBytes(16)), { mode: 0o600 })
  const words = parseMnemonic(readFileSync(path, 'utf8').trim())
  if (words === undefined) throw new Error(`${path} does not hold BIP-39 words`)
  return words
}

/** What `work` gives; what it fails with is said in one line, and the end. */
function orSay<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    process.stderr.write(`start: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536
  if (port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535')
  return port
}
