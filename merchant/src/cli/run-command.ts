import { printFacts, stopRunning, stopWhenAsked } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import type { Command } from 'commander'
import { pino } from 'pino'
import type { MerchantReport } from '../merchant.js'
import { FAILURE_NAMES } from './failure-names.js'
import { chainIdOption, serverAddress, sessionAddress, wholeNumber } from './option-values.js'
import { readWordsFile } from './words-file.js'

type RunOptions = {
  readonly data: string
  readonly keys: string
  readonly ledger: string
  readonly hub: string
  readonly chainId?: ChainId
  readonly host: string
  readonly port: number
  readonly allowPrivateWebhooks?: true
  readonly stopWithParent?: true
  readonly json?: true
}

/** Adds `tally-merchant run`. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('serve a shop until stopped with Ctrl-C')
    .requiredOption('--data <dir>', "folder of the wallet's store, the events and the books")
    .requiredOption('--keys <file>', 'its BIP-39 words, readable by their owner alone')
    .requiredOption('--ledger <url>', 'address of a ledger node, http://host:port', serverAddress)
    .requiredOption('--hub <url>', "the hub's session address", sessionAddress)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 for any', wholeNumber(0, 65_535), 9_760)
    .option('--allow-private-webhooks', 'events may go to private addresses, and without TLS')
    .option('--stop-with-parent', 'stop when standard input ends')
    .option('--json', 'print the address as one JSON object')
    .action(run)
}

async function run({ data, keys, ledger, hub, json, ...rest }: RunOptions): Promise<void> {
  const log = pino({ name: 'merchant' }, pino.destination({ dest: 2, sync: true }))
  const { chainId, host, port, stopWithParent, allowPrivateWebhooks = false } = rest
  const words = await readWordsFile(keys)
  const fault = (cause: unknown) =>
    stopRunning(cause, { names: FAILURE_NAMES, log, who: 'the server' })
  // Before the server stands, too: it may wait long for a ledger that never comes.
  const stops = stopWhenAsked(stopWithParent === true, fault)
  // Loaded here: the other commands only ask a server, and are quick.
  const { startMerchant } = await import('../merchant.js')
  const merchant = await startMerchant(
    {
      ...{ dataDir: data, words, ledgerUrl: ledger, hubUrl: hub, host, port },
      allowPrivateWebhooks,
      ...(chainId !== undefined && { chainId }),
    },
    (report) => logReport(log, report),
    fault,
  )
  stops(() => merchant.stop())
  const { url } = merchant
  printFacts(json, { event: 'listening', url }, `shop at ${url}`)
}

function logReport(log: pino.Logger, report: MerchantReport): void {
  switch (report.kind) {
    case 'wallet':
      log.info({ detail: report.detail }, report.notice)
      break
    case 'problem':
      log.warn({ code: report.code, detail: report.detail }, 'problem')
      break
    case 'requestFailed':
      log.error({ request_id: report.requestId, err: report.error }, 'a request failed')
      break
  }
}
