import type { LedgerClient, Wallet } from '@tallystick/client-sdk'
import { equalBytes, type HubPolicy, type LockRoot, routingFee } from '@tallystick/protocol'
import type { LocalNetwork } from '../network/local-network.js'
import { type Cast, payoutLockOf } from './cast.js'

/** The count at the end, base units; every figure comes from proofs of the ledger. */
export type Reconciliation = {
  readonly reconciled: boolean
  readonly shopOnLedger: string
  /** Lent to the shop, because it refunds before it has sold enough; mostly 0. */
  readonly float: string
  readonly sales: string
  readonly refunds: string
  /** The hub's fees on refunds, which the shop pays as any payer does. */
  readonly shopFees: string
  readonly issued: string
  readonly burntFees: string
  /** All coins of everybody; with the burnt fees they are what was issued. */
  readonly coins: string
  readonly problems: readonly string[]
}

/** Whether the shop holds its sales less refunds and fees, and nothing was made or lost. */
export async function reconcile(facts: {
  readonly ledger: LedgerClient
  readonly cast: Cast
  readonly network: LocalNetwork
  readonly policy: HubPolicy
  readonly wallets: readonly Wallet[]
  readonly sales: bigint
  readonly refunds: bigint
  /** What the shop was lent before its first sale. */
  readonly float: bigint
}): Promise<Reconciliation> {
  const { ledger, cast, network, policy, wallets, sales, refunds, float } = facts
  const shopLock = payoutLockOf(cast.shopSeed)
  const others = [
    payoutLockOf(cast.bankSeed),
    network.hubPayoutLock,
    ...[...cast.customers, cast.lender].map(({ seed }) => payoutLockOf(seed)),
  ]
  const { shopOnLedger, coins, issued, burnt } = await atOneState(ledger, async () => {
    const shop = await holdingsOf(ledger, shopLock)
    let all = shop
    for (const lock of others) all += await holdingsOf(ledger, lock)
    const { value: asset } = await ledger.asset(policy.asset)
    const { issued: made = 0n, burnt: gone = 0n } = asset ?? {}
    return { shopOnLedger: shop, coins: all, issued: made, burnt: gone }
  })
  const problems: string[] = []
  const shopFees = cast.customers
    .flatMap(({ orders }) => orders)
    .reduce((sum, { total }) => sum + (total < 0n ? routingFee(policy, -total) : 0n), 0n)
  if (shopOnLedger !== float + sales - refunds - shopFees) {
    const due = `${float} + ${sales} - ${refunds} - ${shopFees}`
    problems.push(`the shop holds ${shopOnLedger}, not ${due}`)
  }
  const open = wallets.reduce((sum, wallet) => sum + wallet.channels().length, 0)
  if (open > 0) problems.push(`${open} channels are not settled`)
  if (coins + burnt !== issued) {
    problems.push(`${coins} in coins and ${burnt} burnt are not the ${issued} that were issued`)
  }
  return {
    reconciled: problems.length === 0,
    shopOnLedger: String(shopOnLedger),
    float: String(float),
    sales: String(sales),
    refunds: String(refunds),
    shopFees: String(shopFees),
    issued: String(issued),
    burntFees: String(burnt),
    coins: String(coins),
    problems,
  }
}

async function holdingsOf(ledger: LedgerClient, lock: LockRoot): Promise<bigint> {
  const coins = await ledger.coinsOf(lock)
  return coins.reduce((sum, { coin }) => sum + coin.amount, 0n)
}

/** Counts that found the ledger moving, after which the last one has to do. */
const COUNTS_MAX = 20

/**
 * Counts while nothing changes: a coin that is spent between its listing and its proof would be
 * missed, and so would its change. The hub still moves its own coins when the replay is over.
 */
async function atOneState<T>(ledger: LedgerClient, count: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const before = await ledger.refresh()
    const counted = await count()
    const { stateRoot } = await ledger.refresh()
    if (equalBytes(stateRoot, before.stateRoot) || attempt === COUNTS_MAX) return counted
  }
}
