import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LockRoot, PublicKey } from '@tallystick/protocol'
import { SupervisedProcess } from './supervised-process.js'

const LEDGER = new URL('../../../settlement/dist/command/ledger.js', import.meta.url)
const HUB = new URL('../../../hub/dist/command/hub.js', import.meta.url)

/** What a command may print, bytes: an audit log is one line per start. */
const OUTPUT_BYTES_MAX = 2 ** 28

/** How a local network is set up; only its first start looks at the money. */
export type LocalNetworkOptions = {
  readonly dataDir: string
  readonly network: string
  readonly asset: {
    readonly code: string
    readonly decimals: number
    readonly feePerKiloCost: number
  }
  /** First coins, besides those of the hub. */
  readonly allocations: readonly { readonly lock: LockRoot; readonly amount: bigint }[]
  /** Coins that the hub starts with, base units. */
  readonly hubFunds: bigint
  /** The most that the hub deposits in one channel, base units; absent: the hub's own bound. */
  readonly hubInboundMax?: bigint
  readonly ledgerPort: number
  readonly hubPort: number
  readonly blockIntervalMs: number
  readonly gatherMs: number
  readonly disputeWindowSeconds: number
  readonly onRestart: (name: string, how: string) => void
  readonly onFatal: (error: Error) => void
}

/** A ledger and a hub, each a process of its own, kept running until they are stopped. */
export type LocalNetwork = {
  readonly ledgerUrl: string
  /** Of the chain, hex; the ledger says it as it starts. */
  readonly chainId: unknown
  readonly hubUrl: string
  readonly hubKey: PublicKey
  readonly hubPayoutLock: LockRoot
  readonly ledger: SupervisedProcess
  readonly hub: SupervisedProcess
  /** How often a process had to be started again. */
  restarts(): number
  stop(): Promise<void>
}

/** Starts (or starts again) the network of a data folder. */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const { dataDir, onRestart, onFatal } = options
  const ledgerDir = join(dataDir, 'ledger')
  const hubDir = join(dataDir, 'hub')
  mkdirSync(hubDir, { recursive: true })
  const hubFacts = commandJson(HUB, ['init', '--data', hubDir]) as {
    hub: PublicKey
    payout_lock: LockRoot
  }
  if (!existsSync(join(ledgerDir, 'genesis.json')))
    initLedger(options, ledgerDir, hubFacts.payout_lock)
  const ledger = await SupervisedProcess.start(
    {
      name: 'ledger',
      script: LEDGER,
      args: [
        'run',
        '--stop-with-parent',
        '--data',
        ledgerDir,
        '--block-interval-ms',
        String(options.blockIntervalMs),
      ],
      port: options.ledgerPort,
      logFile: join(dataDir, 'ledger.log'),
      pidFile: join(dataDir, 'ledger.pid'),
      onRestart,
    },
    onFatal,
  )
  const window = String(options.disputeWindowSeconds)
  const hubArgs = ['--ledger', ledger.listening.url, '--dispute-window', window]
  const hub = await SupervisedProcess.start(
    {
      name: 'hub',
      script: HUB,
      args: [
        'run',
        '--stop-with-parent',
        '--data',
        hubDir,
        ...hubArgs,
        '--gather-ms',
        String(options.gatherMs),
        ...(options.hubInboundMax === undefined
          ? []
          : ['--inbound-max', String(options.hubInboundMax)]),
      ],
      port: options.hubPort,
      logFile: join(dataDir, 'hub.log'),
      pidFile: join(dataDir, 'hub.pid'),
      onRestart,
    },
    onFatal,
  )
  return {
    ledgerUrl: ledger.listening.url,
    chainId: ledger.listening['chain_id'],
    hubUrl: `${hub.listening.url.replace('http', 'ws')}/v1/session`,
    hubKey: hubFacts.hub,
    hubPayoutLock: hubFacts.payout_lock,
    ...{ ledger: ledger.process, hub: hub.process },
    restarts: () => ledger.process.restarts + hub.process.restarts,
    stop: async () => {
      await hub.process.stop()
      await ledger.process.stop()
    },
  }
}

function initLedger(options: LocalNetworkOptions, ledgerDir: string, hubLock: LockRoot): void {
  const { code, decimals, feePerKiloCost } = options.asset
  const allocations = [...options.allocations, { lock: hubLock, amount: options.hubFunds }]
  commandJson(LEDGER, [
    'init',
    ...['--data', ledgerDir, '--network', options.network],
    ...['--asset', `${code}:${decimals}:${feePerKiloCost}`, '--dispute-window-min', '1'],
    ...allocations.flatMap(({ lock, amount }) => ['--allocate', `${lock}:0:${amount}`]),
  ])
}

/** Runs one of our commands to its end and reads the JSON that it prints; throws what it says. */
export function commandJson(script: URL, args: readonly string[]): unknown {
  const command = [fileURLToPath(script), ...args, '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1))
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}
