import { pino } from 'pino'
import { LedgerFault, type LedgerFaultCode } from '../ledger-fault.js'
import { type LedgerReport, startLedgerNode } from '../start-ledger-node.js'
import { printFacts } from './print-facts.js'
import { EXIT, stopOnFault } from './stop-on-fault.js'

export type RunOptions = {
  readonly data: string
  readonly host: string
  readonly port: number
  readonly blockIntervalMs?: number
  readonly heartbeatMs?: number
  /** Stop when standard input ends: whoever started this process is gone. */
  readonly stopWithParent?: true
  readonly json?: true
}

/** What a node stops for because the ledger goes on without it. */
const OVERTAKEN: ReadonlySet<LedgerFaultCode> = new Set(['version_unsupported', 'not_a_validator'])

/** `ledger run`: serves until SIGINT or SIGTERM, and then ends with exit code 0. */
export async function runLedger({
  data,
  json,
  stopWithParent,
  ...config
}: RunOptions): Promise<void> {
  const log = pino({ name: 'ledger' }, pino.destination({ dest: 2, sync: true }))
  const onReport = (report: LedgerReport) => {
    switch (report.kind) {
      case 'requestFailed':
        log.error({ request_id: report.requestId, err: report.error }, 'a request failed')
        break
      case 'stalled':
        log.warn({ why: report.why }, 'no block can be made now')
        break
      case 'upgradeUnsupported':
        log.warn(
          { version: report.version, activation_height: report.activationHeight },
          'an upgrade is scheduled that this release does not know: it will stop there',
        )
        break
    }
  }
  const onFault = (error: unknown) => {
    // Nothing broke: new parameters came into force, and what the operator can do is plain.
    if (error instanceof LedgerFault && OVERTAKEN.has(error.code)) stopOnFault(error)
    log.fatal({ err: error }, 'the ledger stops: what is on disk stays as it is')
    process.exit(EXIT.fault)
  }
  const node = await startLedgerNode({ dataDir: data, ...config, onReport, onFault })
  const stop = () => {
    node.stop().then(() => process.exit(0), onFault)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  if (stopWithParent) process.stdin.once('close', stop).resume()
  // Whoever reads this may ask the node to stop at once.
  log.info({ url: node.url, chain_id: node.chainId }, 'listening')
  printFacts(
    json,
    { event: 'listening', url: node.url, chain_id: node.chainId },
    `ledger ${node.chainId} at ${node.url}`,
  )
}
