import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readHighWaterMark } from '@tallystick/client-sdk/node'
import {
  amount,
  type ChainId,
  type ChannelId,
  type ChannelTerms,
  type LockRoot,
  type PublicKey,
} from '@tallystick/protocol'
import { initLedger } from '@tallystick/settlement'
import { DEFAULT_HUB_CONFIG, termsOf } from '#hub/hub-config.js'
import { journalPathOf } from '#hub/hub-keys.js'
import { commandJson } from '#scripts/network/local-network.js'
import { LedgerProcess } from '../../integration/ledger-process.js'
import { collectGarbage } from './collect-garbage.js'
import { type Crowd, crowdJournal } from './crowd-journal.js'
import type { LoadClientName } from './load-process.js'
import { type ChannelFunding, openChannels, treasuryCoins } from './open-channels.js'
import { FEE } from './payment-load.js'
import { type ProcessUsage, usageOf } from './process-usage.js'

const HUB = new URL('../../../../hub/dist/command/hub.js', import.meta.url)
/** The same before it is made one file: a profile names the module that each function is of. */
const HUB_IN_MODULES = new URL('../../../../hub/dist/cli/hub.js', import.meta.url)
const FEE_PER_KILO_COST = 1
/** Blocks come fast, so that channels open fast; none is made while there is nothing to put in. */
const BLOCK_INTERVAL_MS = 100
/** As the hub's README has it. */
const YOUNG_HEAP = '--max-semi-space-size=32'
const HUB_FUNDS = amount(10n ** 12n)

/** What the hub did until some moment; differences of two say what a load has cost. */
export type HubUsage = ProcessUsage & {
  /** Transactions that its journal has made durable. */
  readonly commits: number
}

/** How the hub process is started. */
export type HubOptions = {
  /** Where it writes a CPU profile of its main thread when it stops; absent: it is not profiled. */
  readonly profileDir?: string | undefined
  /** Whether its memory can be asked for. */
  readonly isInspected?: boolean
}

export type HubStatistics = {
  readonly channels: number
  readonly sessions: number
  readonly payments: readonly { readonly status: string; readonly count: number }[]
}

/** A hub and its ledger as an operator runs them, each a process of its own, over files of their own. */
export class HubUnderLoad {
  readonly key: PublicKey
  readonly chainId: ChainId
  /** Of every channel. */
  readonly terms: ChannelTerms
  readonly #dir: string
  readonly #options: HubOptions
  readonly #payoutLock: LockRoot
  readonly #ledger: LedgerProcess
  #channels: ChannelId[] = []
  #process: ChildProcess | undefined
  #port = 0

  private constructor(
    dir: string,
    facts: { readonly hub: PublicKey; readonly payout_lock: LockRoot },
    ledger: LedgerProcess,
    options: HubOptions,
  ) {
    this.#dir = dir
    this.#options = options
    this.key = facts.hub
    this.chainId = ledger.chainId
    this.#payoutLock = facts.payout_lock
    this.terms = termsOf({ ...DEFAULT_HUB_CONFIG, dataDir: '', ledgerUrl: '' }, FEE_PER_KILO_COST)
    this.#ledger = ledger
  }

  /** Starts both over an empty folder, with money for `channelsMax` channels. */
  static async start(
    dir: string,
    channelsMax: number,
    options: HubOptions = {},
  ): Promise<HubUnderLoad> {
    const [hubDir, ledgerDir] = [join(dir, 'hub'), join(dir, 'ledger')]
    mkdirSync(hubDir, { recursive: true })
    const facts = commandJson(HUB, ['init', '--data', hubDir]) as {
      readonly hub: PublicKey
      readonly payout_lock: LockRoot
    }
    await initLedger({
      ...{ dataDir: ledgerDir, kind: 'new', network: 'load' },
      assets: [{ code: 'GBP', decimals: 6, feePerKiloCost: FEE_PER_KILO_COST }],
      allocations: [
        ...treasuryCoins(channelsMax),
        { asset: 0, amount: HUB_FUNDS, lock: facts.payout_lock },
      ],
    })
    const interval = ['--block-interval-ms', String(BLOCK_INTERVAL_MS)]
    const ledger = await LedgerProcess.start(ledgerDir, ...interval)
    const hub = new HubUnderLoad(dir, facts, ledger, options)
    await hub.#run()
    return hub
  }

  /** Where sessions are served. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}/v1/session`
  }

  /** Every client that a channel was opened for. */
  get clients(): readonly LoadClientName[] {
    return this.#channels.map((channel, number) => ({ number, channel }))
  }

  /** Opens channels until there are so many, and waits until the hub serves them all. */
  async openUntil(count: number): Promise<void> {
    const funding: ChannelFunding = {
      ledgerUrl: this.#ledger.url,
      hub: this.key,
      payoutLock: this.#payoutLock,
      terms: this.terms,
    }
    const more = await openChannels(funding, this.#channels.length, count)
    this.#channels = [...this.#channels, ...more]
    while ((await this.statistics()).channels < count) await pause(50)
  }

  async usage(): Promise<HubUsage> {
    const { sequence } = await readHighWaterMark(`${journalPathOf(join(this.#dir, 'hub'))}.mark`)
    return { ...usageOf(this.pid), commits: sequence }
  }

  /** Memory that the hub holds once it has dropped what it does not need, bytes; it is inspected. */
  async residentBytes(): Promise<number> {
    const log = readFileSync(this.#logFile, 'utf8')
    const inspector = [...log.matchAll(/^Debugger listening on (ws:\S+)$/gm)].at(-1)?.[1]
    if (inspector === undefined) throw new Error('the hub is not inspected')
    await collectGarbage(inspector)
    return usageOf(this.pid).residentBytes
  }

  get #logFile(): string {
    return join(this.#dir, 'hub.log')
  }

  get pid(): number {
    const { pid } = this.#process ?? {}
    if (pid === undefined) throw new Error('the hub does not run')
    return pid
  }

  /** Power off: no handler of the process runs. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Stops the hub; its ledger goes on. */
  halt(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Gives the hub, which does not run, so many channels in all, and says which can be woken. */
  crowd(crowd: Crowd): Promise<readonly LoadClientName[]> {
    const owner = { chainId: this.chainId, hub: this.key }
    return crowdJournal(journalPathOf(join(this.#dir, 'hub')), owner, crowd)
  }

  /**
   * Starts the hub again, at the same address; resolves when it serves. `restMemory`: MiB for channels at
   * rest; absent: what a hub takes by itself.
   */
  restart(restMemory?: number): Promise<void> {
    return this.#run(restMemory)
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    await this.#ledger.stop()
  }

  async #run(restMemory?: number): Promise<void> {
    const { profileDir, isInspected } = this.#options
    const hub = profileDir === undefined ? HUB : HUB_IN_MODULES
    const log = openSync(this.#logFile, 'a')
    const child = spawn(
      process.execPath,
      [
        YOUNG_HEAP,
        ...(profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir]),
        ...(isInspected ? ['--inspect=127.0.0.1:0'] : []),
        ...[fileURLToPath(hub), 'run', '--json', '--stop-with-parent'],
        ...['--data', join(this.#dir, 'hub'), '--ledger', this.#ledger.url],
        ...['--port', String(this.#port), '--fee-base', String(FEE), '--fee-ppm', '0'],
        ...(restMemory === undefined ? [] : ['--rest-memory', String(restMemory)]),
      ],
      { stdio: ['pipe', 'pipe', log] },
    )
    closeSync(log)
    this.#process = child
    const { stdout } = child
    if (stdout === null) throw new Error('the hub has an output')
    const line = await new Promise<string | undefined>((resolve) => {
      createInterface({ input: stdout }).once('line', resolve)
      child.once('exit', () => resolve(undefined))
    })
    const { url }: { url?: string } = line === undefined ? {} : JSON.parse(line)
    if (url === undefined) throw new Error(readFileSync(this.#logFile, 'utf8'))
    this.#port = Number(new URL(url).port)
  }

  /** What the hub itself tells about its work. */
  async statistics(): Promise<HubStatistics> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/v1/stats`)
    return (await response.json()) as HubStatistics
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
