import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deriveKeys, keyLock, lockRoot, toHex } from '@tallystick/protocol'
import { type LocalNetwork, startLocalNetwork } from '../network/local-network.js'
import { checkBooks } from './check-books.js'
import { PaymentLoad } from './payment-load.js'
import { randomFrom } from './random-from.js'
import { WalletProcess } from './wallet-process.js'

const UNIT = 1_000_000n
/** What every wallet puts into its channel, and what the hub puts into another for it. */
const DEPOSIT = 1_000n * UNIT
const WALLETS = ['alice', 'bob', 'carol'] as const
/** Kills between two looks at all that was acknowledged. */
const KILLS_PER_CHECK = 50
/** Milliseconds between two kills, at least and at most. */
const PAUSE_MS = { min: 30, max: 1_000 } as const
/** Milliseconds in which all payments come to their end when nothing is killed any more. */
const QUIET_MS_MAX = 60_000
/** Parts of all kills, the rest are wallets; then, how often a second process dies with the first. */
const SHARE = { hub: 0.45, ledger: 0.2, two: 0.1 } as const

/** What an honest party never says of another, or of its own store, whatever is killed. */
const NEVER =
  /^(?:peer_lost_data|peer_is_ahead|state_lost|store_\w+|mark_\w+|wallet_ended|equivocation)$/

export type CrashReport = {
  readonly seed: number
  readonly kills: Readonly<Record<string, number>>
  readonly payments: { readonly paid: number; readonly failed: number }
  /** How often something was noticed that passes: a connection that ended, a ledger that was away. */
  readonly notices: Readonly<Record<string, number>>
  readonly seconds: number
  /** What must not be; empty when all is well. */
  readonly wrong: readonly string[]
}

/** Kills the processes of a network that pays, at moments of a seed, and looks for what is lost. */
export async function runCrashes({
  dataDir,
  kills,
  seed,
  onProgress,
}: {
  readonly dataDir: string
  readonly kills: number
  readonly seed: number
  readonly onProgress: (line: string) => void
}): Promise<CrashReport> {
  const started = performance.now()
  const seeds = WALLETS.map((name) => ({ name, seed: new Uint8Array(randomBytes(64)) }))
  let onFatal: (error: Error) => void = () => undefined
  const fatal = new Promise<never>((_, reject) => {
    onFatal = reject
  })
  const network = await startLocalNetwork({
    ...{ dataDir, network: 'crash', ledgerPort: 0, hubPort: 0, blockIntervalMs: 100, gatherMs: 50 },
    asset: { code: 'GBP', decimals: 6, feePerKiloCost: 1_000 },
    allocations: seeds.map(({ seed }) => ({ lock: payoutLockOf(seed), amount: 2n * DEPOSIT })),
    hubFunds: 1_000_000n * UNIT,
    disputeWindowSeconds: 3_600,
    onRestart: () => undefined,
    onFatal: (error) => onFatal(error),
  })
  const notices: Record<string, number> = {}
  const wrong: string[] = []
  const wallets = seeds.map(({ name, seed }) => {
    const onProblem = (code: string, detail: string) => {
      notices[code] = (notices[code] ?? 0) + 1
      if (NEVER.test(code)) wrong.push(`${name}: ${code}: ${detail}`)
    }
    const { ledgerUrl, hubUrl } = network
    const file = join(dataDir, `${name}.db`)
    return new WalletProcess({ name, seed: toHex(seed), file, ledgerUrl, hubUrl, onProblem })
  })
  const stage = { dataDir, network, wallets, random: randomFrom(seed), kills, onProgress, wrong }
  try {
    const { killed, load } = await Promise.race([killAndPay(stage), fatal])
    const paid = load.outcomes.filter(({ status }) => status === 'paid').length
    return {
      ...{ seed, kills: killed, notices, wrong },
      payments: { paid, failed: load.outcomes.length - paid },
      seconds: Math.round(performance.now() - started) / 1_000,
    }
  } finally {
    for (const wallet of wallets) wallet.stop()
    await network.stop()
  }
}

type Stage = {
  readonly dataDir: string
  readonly network: LocalNetwork
  readonly wallets: readonly WalletProcess[]
  readonly random: () => number
  readonly kills: number
  readonly onProgress: (line: string) => void
  readonly wrong: string[]
}

async function killAndPay({ dataDir, wallets, random, kills, onProgress, wrong }: Stage) {
  const amounts = { deposit: String(DEPOSIT), inbound: String(DEPOSIT) }
  await Promise.all(wallets.map((wallet) => wallet.ask({ kind: 'setUp', ...amounts })))
  const load = new PaymentLoad(wallets, random)
  const killed: Record<string, number> = { hub: 0, ledger: 0, wallet: 0 }
  const killOne = () => {
    const victim = random()
    const wallet = wallets[Math.floor(random() * wallets.length)]
    const name =
      victim < SHARE.hub ? 'hub' : victim < SHARE.hub + SHARE.ledger ? 'ledger' : 'wallet'
    if (name === 'wallet') wallet?.kill()
    else if (!killByPidFile(join(dataDir, `${name}.pid`))) return
    killed[name] = (killed[name] ?? 0) + 1
  }
  const total = () => Object.values(killed).reduce((sum, count) => sum + count, 0)
  while (total() < kills) {
    const paying = load.run()
    const until = Math.min(kills, total() + KILLS_PER_CHECK)
    while (total() < until && wrong.length === 0) {
      await pause(PAUSE_MS.min + random() * (PAUSE_MS.max - PAUSE_MS.min))
      killOne()
      if (random() < SHARE.two) killOne()
    }
    load.stop()
    if (wrong.length > 0) return { killed, load }
    const ended = paying.then(() => 'ended' as const)
    if ((await Promise.race([ended, pause(QUIET_MS_MAX)])) !== 'ended') {
      wrong.push(`payments were still under way ${QUIET_MS_MAX} ms after the last kill`)
      return { killed, load }
    }
    wrong.push(...(await checkBooks(wallets, { deposit: DEPOSIT, outcomes: load.outcomes })))
    onProgress(`${total()} kills, ${load.outcomes.length} payments, ${wrong.length} things wrong`)
    if (wrong.length > 0) return { killed, load }
  }
  wrong.push(...(await closeAll(wallets)), ...complaintsOf(join(dataDir, 'hub.log')))
  return { killed, load }
}

/** Both sides agree on every channel to the unit: else none would close. */
async function closeAll(wallets: readonly WalletProcess[]): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const wallet of wallets) {
    const before = await wallet.ask({ kind: 'books' })
    await wallet.ask({ kind: 'closeAll' })
    const after = await wallet.ask({ kind: 'books' })
    const due = BigInt(before['onLedger'] ?? 0) + BigInt(before['inChannels'] ?? 0)
    if (BigInt(after['onLedger'] ?? 0) !== due) {
      wrong.push(`${wallet.name} was paid ${after['onLedger']} in all, ${due} were due`)
    }
  }
  return wrong
}

/** What the hub said of its clients that no crash explains. */
function complaintsOf(logFile: string): readonly string[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => NEVER.test(/"code":"(\w+)"/.exec(line)?.[1] ?? ''))
    .map((line) => `hub: ${line}`)
}

/** Whether somebody was killed: who is just starting, or ending, is missed. */
function killByPidFile(file: string): boolean {
  try {
    return process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL')
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code === 'ENOENT' || code === 'ESRCH') return false
    throw error
  }
}

function payoutLockOf(seed: Uint8Array) {
  return lockRoot(keyLock(deriveKeys(seed).payout(0).publicKey))
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
