import { EXIT, printFacts, stopOnFailure, stopWhenAsked, tellFailure } from '@tallystick/daemon'
import { type Logger, pino } from 'pino'
import { LedgerFault, type LedgerFaultCode } from '../ledger-fault.js'
import type { LedgerReport, RunningLedgerNode, ServeConfig } from '../serve-node.js'
import { FAILURE_NAMES } from './failure-names.js'
import { progressOf } from './progress.js'

export type ServeOptions = {
  readonly data: string
  readonly host: string
  readonly port: number
  /** Proxies that are believed whom they serve; absent: 0. */
  readonly trustProxy?: number
  /** Absent: 256. */
  readonly connectionsPerAddress?: number
  /** Prune all but so many blocks; absent: keep all. */
  readonly keepBlocks?: number
  /** Stop when standard input ends: whoever started this process is gone. */
  readonly stopWithParent?: true
  readonly json?: true
}

/** What a node stops for although nothing in it broke. */
const OVERTAKEN: ReadonlySet<LedgerFaultCode> = new Set([
  'version_unsupported',
  'not_a_validator',
  'conflicting_block',
])

/** Starts a node and serves until SIGINT or SIGTERM, which ends the process with exit code 0. */
export async function serveUntilStopped(
  { data, host, port, json, stopWithParent, ...chosen }: ServeOptions,
  start: (config: ServeConfig) => Promise<RunningLedgerNode>,
): Promise<void> {
  const log = pino({ name: 'ledger' }, pino.destination({ dest: 2, sync: true }))
  const onFault = (error: unknown) => {
    // New parameters came into force, or the validators broke their promise: it is named, and enough.
    if (error instanceof LedgerFault && OVERTAKEN.has(error.code))
      stopOnFailure(error, FAILURE_NAMES)
    log.fatal({ err: error }, 'the ledger stops: what is on disk stays as it is')
    tellFailure(error, FAILURE_NAMES)
    process.exit(EXIT.fault)
  }
  // Before the node stands, too: to read or to fetch what it serves may take long.
  const stops = stopWhenAsked(stopWithParent === true, onFault)
  const tell = progressOf('follow')
  const ignored: LedgerReport[] = []
  const onReport = (report: LedgerReport) => {
    if (report.kind === 'startIgnored') ignored.push(report)
    logReport(log, tell, report)
  }
  const { keepBlocks, trustProxy, connectionsPerAddress } = chosen
  const node = await start({
    ...{ dataDir: data, host, port, onReport, onFault },
    ...(keepBlocks !== undefined && { keepBlocks }),
    ...(trustProxy !== undefined && { trustedProxies: trustProxy }),
    ...(connectionsPerAddress !== undefined && { connectionsPerAddress }),
  })
  stops(() => node.stop())
  // Whoever reads this may ask the node to stop at once.
  log.info({ url: node.url, chain_id: node.chainId }, 'listening')
  printFacts(
    json,
    {
      ...{ event: 'listening', url: node.url, chain_id: node.chainId },
      ...(ignored.length > 0 && { start_ignored: true }),
    },
    `ledger ${node.chainId} at ${node.url}`,
  )
}

function logReport(log: Logger, tell: (what: string) => void, report: LedgerReport): void {
  switch (report.kind) {
    case 'requestFailed':
      log.error({ request_id: report.requestId, err: report.error }, 'a request failed')
      break
    case 'blockDamaged':
      log.error({ height: report.height, why: report.why }, 'a stored block is damaged: not served')
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
    case 'startIgnored':
      log.warn(
        { data: report.dataDir },
        'the folder has begun: --archive and --snapshot are ignored',
      )
      break
    case 'catchingUp':
      tell(`block ${report.height} of ${report.upstreamHeight}`)
      break
    case 'upstreamUnreachable':
      log.warn({ upstream: report.upstream, why: report.why }, 'the upstream is away')
      break
    case 'blockRefused': {
      const { upstream, height, code, detail } = report
      log.error({ upstream, height, code, detail }, 'a block is refused: the tip stays')
      break
    }
  }
}
