import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { deriveKeys, keyLock, lockRoot, signerFromSeed, toHex } from '@tallystick/protocol'
import { type LocalNetwork, startLocalNetwork } from '../network/local-network.js'
import { ChannelTurnover } from './channel-turnover.js'
import { checkBooks } from './check-books.js'
import { startCrashTower } from './crash-tower.js'
import { fileSizes, MemoryPeaks } from './growth.js'
import { channelsLeft, closeAll, complaints, fileDamages, isNeverSaid } from './last-look.js'
import { LedgerLoad } from './ledger-load.js'
import { PaymentLoad } from './payment-load.js'
import { randomFrom } from './random-from.js'
import { type KillsByKind, pause, Strikes } from './strikes.js'
import type { Kind, Victim } from './victim.js'
import { WalletProcess } from './wallet-process.js'

const UNIT = 1_000_000n
/** What every wallet puts into its channel, and what the hub puts into another for it. */
const DEPOSIT = 1_000n * UNIT
const WALLETS = ['alice', 'bob', 'carol'] as const
/** Kills between two looks at all that was acknowledged. */
const KILLS_PER_CHECK = 100
/** Milliseconds of rest after a strike, at most, where nothing has to be seen to work before the next. */
const REST_MS_MAX = 600
/** How often a strike rests until something was paid, and a while: it hits a network that works. */
const REST_UNTIL_PAID = 0.6
/** Milliseconds in which somebody is paid, or all that was begun comes to its end, when nothing is killed. */
const RECOVERY_MS_MAX = 60_000
/** How often the network is looked at for a payment, milliseconds. */
const LOOK_MS = 5

export type CrashReport = {
  readonly seed: number
  readonly kills: KillsByKind
  readonly payments: { readonly paid: number; readonly failed: number }
  /** Transactions that the ledger answered for besides, each included later. */
  readonly transactions: number
  /** Channels that were opened and closed while processes were killed. */
  readonly channels: number
  /** How often something was noticed that passes: a connection that ended, a ledger that was away. */
  readonly notices: Readonly<Record<string, number>>
  readonly seconds: number
  readonly killsPerMinute: number
  /** How long the last start of each kind took, milliseconds. */
  readonly startMs: Readonly<Record<Kind, number>>
  /** The most that was seen, megabytes. */
  readonly memory: Readonly<Record<Kind, number>>
  /** What each file takes in the end, kilobytes. */
  readonly files: Readonly<Record<string, number>>
  /** What must not be; empty when all is well. */
  readonly wrong: readonly string[]
}

type CrashOptions = {
  readonly dataDir: string
  readonly kills: number
  readonly seed: number
  readonly onProgress: (line: string) => void
}

/** Kills the processes of a network that pays, at moments of a seed, and looks for what is lost. */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { dataDir, seed } = options
  const started = performance.now()
  const wrong: string[] = []
  const notices: Record<string, number> = {}
  const note = (line: string) => {
    appendFileSync(join(dataDir, 'crash.log'), `${new Date().toISOString()} ${line}\n`)
  }
  let onFatal: (error: Error) => void = () => undefined
  const fatal = new Promise<never>((_, reject) => {
    onFatal = reject
  })
  const { network, tower, wallets, transfers } = await startStage(dataDir, {
    onFatal: (error) => onFatal(error),
    // None of them may end but by our hand.
    onEnded: (name, how) => wrong.push(`${name} ended by itself: ${how}`),
    onProblem: (name, code, detail) => {
      notices[code] = (notices[code] ?? 0) + 1
      note(`${name} says ${code}: ${detail}`)
      if (isNeverSaid(code)) wrong.push(`${name}: ${code}: ${detail}`)
    },
  })
  const victims: readonly Victim[] = [
    { kind: 'hub', process: network.hub },
    { kind: 'ledger', process: network.ledger },
    { kind: 'tower', process: tower },
    ...wallets.map((process) => ({ kind: 'wallet', process }) as const),
  ]
  const random = randomFrom(seed)
  const strikes = new Strikes(victims, random, (kind, met) => note(`${met} ${kind} killed`))
  const load = new PaymentLoad(wallets, random)
  const turnover = new ChannelTurnover(wallets)
  const memory = new MemoryPeaks()
  const loads = { load, turnover, transfers }
  const stage = { network, wallets, victims, random, strikes, ...loads, memory, wrong }
  try {
    await Promise.race([killAndPay(stage, options), fatal])
  } finally {
    await Promise.all(wallets.map((wallet) => wallet.stop()))
    await tower.stop()
    await network.stop()
  }
  wrong.push(...complaints(dataDir), ...fileDamages(dataDir))
  const paid = load.outcomes.filter(({ status }) => status === 'paid').length
  const seconds = Math.round(performance.now() - started) / 1_000
  const startOf = (kind: Kind) =>
    Math.round(victims.find((victim) => victim.kind === kind)?.process.startMs ?? 0)
  return {
    ...{ seed, kills: strikes.kills, channels: turnover.closed, notices },
    transactions: transfers.included,
    payments: { paid, failed: load.outcomes.length - paid },
    ...{ seconds, killsPerMinute: Math.round((60 * strikes.total) / seconds) },
    startMs: {
      ...{ hub: startOf('hub'), ledger: startOf('ledger') },
      ...{ tower: startOf('tower'), wallet: startOf('wallet') },
    },
    ...{ memory: memory.peaks, files: fileSizes(dataDir), wrong },
  }
}

type StageHandlers = {
  readonly onFatal: (error: Error) => void
  readonly onEnded: (name: string, how: string) => void
  readonly onProblem: (name: string, code: string, detail: string) => void
}

async function startStage(dataDir: string, { onFatal, onEnded, onProblem }: StageHandlers) {
  const seeds = WALLETS.map((name) => ({ name, seed: new Uint8Array(randomBytes(64)) }))
  const sender = signerFromSeed(new Uint8Array(randomBytes(32)))
  const network = await startLocalNetwork({
    ...{ dataDir, network: 'crash', ledgerPort: 0, hubPort: 0, blockIntervalMs: 100, gatherMs: 50 },
    asset: { code: 'GBP', decimals: 6, feePerKiloCost: 1_000 },
    allocations: [
      ...seeds.map(({ seed }) => ({ lock: payoutLockOf(seed), amount: 2n * DEPOSIT })),
      { lock: lockRoot(keyLock(sender.publicKey)), amount: DEPOSIT },
    ],
    hubFunds: 1_000_000n * UNIT,
    disputeWindowSeconds: 3_600,
    ...{ onRestart: onEnded, onFatal },
  })
  const { ledgerUrl, hubUrl } = network
  const { process: tower, url } = await startCrashTower({
    ...{ dataDir, ledgerUrl, onRestart: onEnded, onFatal },
  })
  const towerUrl = `${url.replace('http', 'ws')}/v1/session`
  const wallets = seeds.map(({ name, seed }) => {
    return new WalletProcess({
      ...{ name, seed: toHex(seed), file: join(dataDir, `${name}.db`) },
      ...{ ledgerUrl, hubUrl, towerUrl },
      onProblem: (code, detail) => onProblem(name, code, detail),
    })
  })
  return { network, tower, wallets, transfers: await LedgerLoad.open(ledgerUrl, sender) }
}

type Stage = {
  readonly network: LocalNetwork
  readonly wallets: readonly WalletProcess[]
  readonly victims: readonly Victim[]
  readonly random: () => number
  readonly strikes: Strikes
  readonly load: PaymentLoad
  readonly turnover: ChannelTurnover
  readonly transfers: LedgerLoad
  readonly memory: MemoryPeaks
  readonly wrong: string[]
}

async function killAndPay(stage: Stage, { kills, onProgress }: CrashOptions): Promise<void> {
  const { network, wallets, strikes, load, turnover, transfers, memory, victims, wrong } = stage
  const first = { amount: String(DEPOSIT), ever: 1 }
  await Promise.all(
    wallets.map((wallet) => wallet.ask({ kind: 'open', funder: 'wallet', ...first })),
  )
  await Promise.all(wallets.map((wallet) => wallet.ask({ kind: 'open', funder: 'hub', ...first })))
  const hubAddress = network.hubUrl.replace('ws', 'http').replace('/v1/session', '')
  let checked = 0
  while (strikes.total < kills) {
    const sending = transfers.run()
    const working = Promise.all([sending, load.run(), turnover.run()]).then(([lost]) => lost)
    const until = Math.min(kills, strikes.total + KILLS_PER_CHECK)
    while (strikes.total < until && wrong.length === 0) await strikeAndRest(stage)
    load.stop()
    turnover.stop()
    transfers.stop()
    if (wrong.length > 0) return
    if (wrong.push(...(await inTime('payments or channels were under way', working, wallets))) > 0)
      return
    const { outcomes } = load
    // All of it once more at the end: to ask for everything every time would take longer than the kills.
    const askFrom = strikes.total < kills ? checked : 0
    const due = { funds: 2n * DEPOSIT, outcomes, askFrom }
    wrong.push(
      ...(await inTime('books were not told', checkBooks(wallets, hubAddress, due), wallets)),
    )
    checked = outcomes.length
    memory.look(victims)
    const done = `${strikes.total} kills, ${checked} payments, ${turnover.closed} channels closed`
    onProgress(`${done}, ${wrong.length} things wrong`)
    if (wrong.length > 0) return
  }
  wrong.push(...(await inTime('channels were not closed', closeAll(wallets), wallets)))
  wrong.push(...(await channelsLeft(network.ledgerUrl, network.hubKey)))
}

/** What `work` finds wrong; `late`, and who waits for what, if it does not end although nothing is killed any more. */
function inTime(
  late: string,
  work: Promise<readonly string[]>,
  wallets: readonly WalletProcess[],
): Promise<readonly string[]> {
  const isLate = pause(RECOVERY_MS_MAX).then(() => [
    `${late} ${RECOVERY_MS_MAX} ms after the last kill`,
    ...wallets.flatMap(({ name, waiting }) => waiting.map((asked) => `${name} waits: ${asked}`)),
  ])
  return Promise.race([work, isLate])
}

async function strikeAndRest({ strikes, load, random, wrong }: Stage): Promise<void> {
  await strikes.strike()
  const before = load.outcomes.length
  const patience = performance.now() + RECOVERY_MS_MAX
  if (random() < REST_UNTIL_PAID) {
    while (load.outcomes.length === before && performance.now() < patience) await pause(LOOK_MS)
    if (load.outcomes.length === before)
      wrong.push(`nobody was paid for ${RECOVERY_MS_MAX} ms after a kill`)
  }
  await pause(random() * REST_MS_MAX)
}

function payoutLockOf(seed: Uint8Array) {
  return lockRoot(keyLock(deriveKeys(seed).payout(0).publicKey))
}
