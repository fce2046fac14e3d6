import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { BlockFeed, KeyCoins, LedgerClient, Wallet, WalletError } from '@tallystick/client-sdk'
import { openSqliteStore, openWsSocket } from '@tallystick/client-sdk/node'
import { amount, deriveKeys, type HubPolicy, isRejection, routingFee } from '@tallystick/protocol'
import { type LocalNetwork, startLocalNetwork } from '../network/local-network.js'
import { type Cast, type Customer, castOf, floatOf, payoutLockOf } from './cast.js'
import { claimFolder } from './claim-folder.js'
import { closureFacts } from './closure-facts.js'
import { inPool } from './in-pool.js'
import { quantile } from './latencies.js'
import type { Order, OrderFile } from './orders.js'
import type { Progress } from './progress.js'
import { type Reconciliation, reconcile } from './reconcile.js'
import { withRetries } from './with-retries.js'

/** The shop's currency as the ledger's asset: millionths of a pound, so that fees can be small. */
export const POUND = { code: 'GBP', decimals: 6, feePerKiloCost: 1_000 } as const

/** Wallets that act at the same time. */
const WIDTH = 32
/** What a wallet needs on the ledger beside its deposit: the fee of opening a channel. */
const OPENING_FEE = 10_000n
/** Payments of one order that may fail, each with the money back, before the replay gives up. */
const ATTEMPTS_MAX = 10
/** Outputs of one funding transaction. */
const FUNDED_PER_TRANSACTION = 500

export type ReplayResult = {
  readonly orders: number
  readonly payments: number
  readonly refunds: number
  readonly skipped: number
  readonly rejected: number
  readonly channels: number
  readonly paymentsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly closeTransactions: number
  readonly closedChannels: number
  readonly bytesPerClosedChannel: number
  readonly restarts: number
  readonly reconciled: boolean
  readonly reconciliation: Reconciliation
}

export type ReplayStage = {
  readonly network: LocalNetwork
  readonly feed: BlockFeed
  readonly policy: HubPolicy
  /** Coins that nobody in the story owns. */
  readonly bank: KeyCoins
}

export type ReplayOptions = {
  readonly file: OrderFile
  readonly dataDir: string
  readonly blockIntervalMs: number
  readonly disputeWindowSeconds: number
  readonly progress: Progress
  /** Called when all is reconciled and the network still runs. */
  readonly afterwards?: (stage: ReplayStage, result: ReplayResult) => Promise<void>
}

/** Plays a merchant's orders through a ledger and a hub, closes all channels, and counts the money. */
export async function replayOrders(options: ReplayOptions): Promise<ReplayResult> {
  const { file, dataDir, progress } = options
  mkdirSync(dataDir, { recursive: true })
  claimFolder(dataDir, file.fingerprint)
  const cast = castOf(file.orders, dataDir)
  progress.say(`${cast.customers.length} customers will pay one shop; starting a ledger and a hub`)
  let onFatal: (error: Error) => void = () => undefined
  const fatal = new Promise<never>((_, reject) => {
    onFatal = reject
  })
  const network = await startLocalNetwork({
    dataDir,
    network: 'replay',
    asset: POUND,
    allocations: [{ lock: payoutLockOf(cast.bankSeed), amount: bankFunds(cast) }],
    hubFunds: 10n * (cast.sales + cast.refunds) + 1_000_000n * 10n ** BigInt(POUND.decimals),
    // The shop has one channel, whatever it sells.
    hubInboundMax: 2n * (cast.sales + cast.refunds) + 10n ** 15n,
    ledgerPort: 0,
    hubPort: 0,
    blockIntervalMs: options.blockIntervalMs,
    gatherMs: 100,
    disputeWindowSeconds: options.disputeWindowSeconds,
    onRestart: (name, how) => progress.say(`  the ${name} ended (${how}); started it again`),
    onFatal,
  })
  try {
    return await Promise.race([playOn(options, cast, network), fatal])
  } finally {
    await network.stop()
  }
}

async function playOn(
  { file, dataDir, progress, afterwards }: ReplayOptions,
  cast: Cast,
  network: LocalNetwork,
): Promise<ReplayResult> {
  const ledger = await withRetries(() =>
    LedgerClient.connect({ url: network.ledgerUrl, openSocket: openWsSocket }),
  )
  const feed = await withRetries(() => BlockFeed.start(ledger))
  const stores = await openSqliteStore(join(dataDir, 'wallets.db'))
  const openWallet = (name: string, seed: Uint8Array) =>
    withRetries(() =>
      Wallet.open({
        words: seed,
        store: stores.wallet(name),
        feed,
        hubUrl: network.hubUrl,
        hub: network.hubKey,
        openSocket: openWsSocket,
      }),
    )
  const shop = await openWallet('shop', cast.shopSeed)
  const policy = await shop.connected()
  const float = floatOf(cast, policy)
  const lender = { ...cast.lender, spends: float }
  const bank = new KeyCoins(ledger, deriveKeys(cast.bankSeed).payout(0), policy.asset)
  progress.say('the bank hands out coins')
  await fundCustomers([...cast.customers, lender], policy, bank, ledger, stores.wallet('bank'))
  const buyers = new Map<Customer, Wallet>()
  await inPool(cast.customers, WIDTH, async (customer) => {
    const wallet = await openWallet(customer.name, customer.seed)
    await openChannels(wallet, customer, policy)
    buyers.set(customer, wallet)
    progress.count('channels open:', buyers.size, cast.customers.length)
  })
  const isPlayed = shop.channels().length === 0 && shop.allChannels().length > 0
  if (cast.sales > 0n && !isPlayed) {
    await withRetries(() => shop.ensureInbound(cast.sales / 4n + 1n))
  }
  const lent = float === 0n ? undefined : await openWallet(lender.name, lender.seed)
  if (lent !== undefined) await lendFloat(lent, lender, shop, policy)
  const played = await playOrders(cast, shop, buyers, progress)
  const wallets = [shop, ...buyers.values(), ...(lent === undefined ? [] : [lent])]
  const channels = wallets.reduce((sum, wallet) => sum + wallet.allChannels().length, 0)
  let closed = 0
  await Promise.all(
    wallets.map(async (wallet) => {
      for (const { party } of wallet.channels()) {
        await withRetries(() => wallet.closeChannel(party.ledger.id))
      }
      progress.count('wallets settled on the ledger:', ++closed, wallets.length)
    }),
  )
  const closures = await closureFacts(ledger)
  const { sales, refunds } = played
  const reconciliation = await reconcile({
    ...{ ledger, cast, network, policy, wallets, sales, refunds, float },
  })
  const result: ReplayResult = {
    orders: file.orders.length + file.rejected.length,
    payments: played.payments,
    refunds: played.refundCount,
    skipped: file.orders.filter(({ total }) => total === 0n).length,
    rejected: file.rejected.length,
    channels,
    paymentsPerSecond:
      Math.round(((played.milliseconds.length * 1_000) / played.elapsedMs) * 10) / 10,
    p50Ms: quantile(played.milliseconds, 0.5),
    p99Ms: quantile(played.milliseconds, 0.99),
    ...closures,
    restarts: network.restarts(),
    reconciled: reconciliation.reconciled,
    reconciliation,
  }
  if (reconciliation.reconciled) await afterwards?.({ network, feed, policy, bank }, result)
  await Promise.all(wallets.map((wallet) => wallet.close()))
  feed.stop()
  await stores.close()
  return result
}

/** What the bank must hold to give every customer the price of its orders, with all fees. */
function bankFunds(cast: Cast): bigint {
  const perPerson = 10n * 10n ** BigInt(POUND.decimals)
  return 2n * (cast.sales + cast.refunds) + BigInt(cast.customers.length + 2) * perPerson
}

/** The shop's first money: paid to it over the hub, once. */
async function lendFloat(
  wallet: Wallet,
  lender: Customer,
  shop: Wallet,
  policy: HubPolicy,
): Promise<void> {
  await openChannels(wallet, lender, policy)
  await payOnce('float', wallet, shop, lender.spends, (text, key) => wallet.pay(text, { key }))
}

/** What a customer deposits: its orders, the hub's fees on them, and the reserve for its exit. */
function depositOf({ orders, spends }: Customer, policy: HubPolicy): bigint {
  const fees = orders.reduce(
    (sum, { total }) => sum + (total > 0n ? routingFee(policy, total) : 0n),
    0n,
  )
  // Who has no order pays one sum.
  const fee = orders.length === 0 ? routingFee(policy, spends) : fees
  return spends === 0n ? 0n : spends + fee + policy.terms.exitReserve
}

async function fundCustomers(
  customers: readonly Customer[],
  policy: HubPolicy,
  bank: KeyCoins,
  ledger: LedgerClient,
  store: ReturnType<Awaited<ReturnType<typeof openSqliteStore>>['wallet']>,
): Promise<void> {
  const payers = customers.filter(({ spends }) => spends > 0n)
  for (let from = 0; from < payers.length; from += FUNDED_PER_TRANSACTION) {
    // A replay that goes on must not fund anybody twice: the transaction is kept before it is sent.
    const key = `funding ${from}`
    await withRetries(async () => {
      if ((await store.get('meta', key)) !== undefined) return
      const outputs = payers.slice(from, from + FUNDED_PER_TRANSACTION).map((customer) => ({
        asset: policy.asset,
        amount: amount(depositOf(customer, policy) + OPENING_FEE),
        lock: payoutLockOf(customer.seed),
      }))
      const [first] = outputs
      const funded = first !== undefined && (await ledger.coinsOf(first.lock)).length > 0
      if (!funded) {
        const spent = await bank.spend({ outputs })
        if (isRejection(spent)) throw new WalletError(spent.code, spent.detail)
        await ledger.confirmed(spent.id)
      }
      await store.commit([{ kind: 'meta', key, value: new Uint8Array([1]) }])
    })
  }
}

/** A payer deposits its own coins; who is only refunded has the hub open a channel. */
async function openChannels(wallet: Wallet, customer: Customer, policy: HubPolicy): Promise<void> {
  await withRetries(async () => {
    await wallet.connected()
    await wallet.recoverChannels()
    if (wallet.allChannels().length > 0) return
    const deposit = depositOf(customer, policy)
    if (deposit > 0n) await wallet.openChannel({ deposit })
    else await wallet.requestChannel({ inbound: customer.refunded + policy.terms.exitReserve })
  })
}

/** One order in the file's order; `after`: the turn of the same customer before it. */
type Turn = {
  readonly order: Order
  readonly customer: Customer
  readonly after: number | undefined
}

function turnsOf({ customers }: Cast): readonly Turn[] {
  const inOrder = customers
    .flatMap((customer) => customer.orders.map((order) => ({ order, customer })))
    .sort((a, b) => a.order.line - b.order.line)
  const last = new Map<Customer, number>()
  return inOrder.map(({ order, customer }, index) => {
    const after = last.get(customer)
    last.set(customer, index)
    return { order, customer, after }
  })
}

type Played = {
  readonly payments: number
  readonly refundCount: number
  readonly sales: bigint
  readonly refunds: bigint
  /** Milliseconds from the wish to pay to the receipt, one per payment of this run. */
  readonly milliseconds: readonly number[]
  readonly elapsedMs: number
}

async function playOrders(
  cast: Cast,
  shop: Wallet,
  buyers: ReadonlyMap<Customer, Wallet>,
  progress: Progress,
): Promise<Played> {
  const milliseconds: number[] = []
  const turns = turnsOf(cast)
  const started = performance.now()
  const ended: Promise<void>[] = []
  let done = 0
  const play = async ({ order, customer, after }: Turn, earlier: readonly Promise<void>[]) => {
    const buyer = buyers.get(customer)
    if (buyer === undefined) return
    if (after !== undefined) await earlier[after]
    const took =
      order.total > 0n
        ? await payOnce(order.id, buyer, shop, order.total, (text, key) => buyer.pay(text, { key }))
        : await refund(order, shop, buyer, earlier)
    if (took !== undefined) milliseconds.push(took)
    progress.count('orders paid or refunded:', ++done, turns.length)
  }
  await inPool(turns, WIDTH, (turn, index) => {
    const playing = play(turn, ended.slice(0, index))
    ended[index] = playing
    return playing
  })
  const elapsedMs = Math.max(1, performance.now() - started)
  const orders = cast.customers.flatMap((customer) => customer.orders)
  return {
    payments: orders.filter((order) => order.total > 0n).length,
    refundCount: orders.filter((order) => order.total < 0n).length,
    sales: cast.sales,
    refunds: cast.refunds,
    milliseconds,
    elapsedMs,
  }
}

/** The shop can only pay back what it has: if it is short, the orders before this one come first. */
async function refund(
  order: Order,
  shop: Wallet,
  buyer: Wallet,
  earlier: readonly Promise<void>[],
): Promise<number | undefined> {
  const pay = () =>
    payOnce(order.id, shop, buyer, -order.total, (text, key) => shop.pay(text, { key }))
  try {
    return await pay()
  } catch (error) {
    if (!(error instanceof WalletError && error.code === 'insufficient_balance')) throw error
    await Promise.all(earlier)
    return pay()
  }
}

/**
 * One order, paid exactly once over any number of crashes: a payment that is begun is waited for,
 * and only one that has certainly failed is made again under a new key.
 */
async function payOnce(
  id: string,
  payer: Wallet,
  payee: Wallet,
  value: bigint,
  pay: (invoice: string, key: string) => Promise<unknown>,
): Promise<number | undefined> {
  for (let attempt = 1; ; attempt++) {
    const key = `order ${id}, attempt ${attempt}`
    const before = await payer.paymentOf(key)
    if (before?.status === 'failed') continue
    if (before?.status === 'paid') return undefined
    const began = performance.now()
    try {
      await withRetries(async () => {
        const begun = await payer.paymentOf(key)
        const invoice = begun
          ? ''
          : (await payee.createInvoice({ value, description: `order ${id}` })).text
        await pay(invoice, key)
      })
      return performance.now() - began
    } catch (error) {
      const failed = error instanceof WalletError && error.code === 'payment_failed'
      if (!failed || attempt === ATTEMPTS_MAX) throw error
    }
  }
}
