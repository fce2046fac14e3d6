import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Action } from './action.js'
import type { Setup } from './setup.js'
import type { Outcome, replay } from './simulate.js'
import { useSymbolicSignatures } from './use-symbolic-signatures.js'

/** Two honest wallets on a calm network: whatever they begin has to come about. */
const SETUP: Setup = {
  ...{ seed: 1, wallets: 2, liars: [], isHubHonest: true, hubVanishes: 'never' },
  ...{ towers: [], forgetful: [], isNetworkWild: false },
}
const between = { payer: 'w0', payee: 'w1' }

let play: typeof replay
before(async () => {
  useSymbolicSignatures()
  play = (await import('./simulate.js')).replay
})

async function outcomeOf(...trades: readonly Action[]): Promise<Outcome> {
  return outcomeUntil(100_000, ...trades)
}

async function outcomeUntil(windUpMs: number, ...trades: readonly Action[]): Promise<Outcome> {
  const opened = ['w0', 'w0', 'w1'].map((wallet, number): Action => {
    return { atMs: 12_000 + number, kind: 'open', wallet, deposit: 2_000_000 }
  })
  const outcome = await play({
    ...{ setup: SETUP, actions: [...opened, ...trades], windUpMs },
  })
  assert.equal(outcome.violation, undefined)
  return outcome
}

/** The payments that the first wallet was told to make. */
function paymentsOf({ world }: Outcome) {
  const { wallet } = world.wallet('w0')
  return Promise.all(world.books.orders.map(({ key }) => wallet?.paymentOf(key)))
}

test('PAY-6 the runs pay in parts what no channel holds', async () => {
  const pay = { kind: 'payInParts', ...between, share: 500, expirySeconds: 3_600 } as const
  const [payment] = await paymentsOf(await outcomeOf({ atMs: 40_000, ...pay }))
  assert.equal(payment?.status, 'paid')
  assert.equal(payment?.parts.length, 2)
})

test('STREAM-6 they pay by the tick, from one chain to the next', async () => {
  const terms = { unit: 10_000, ticks: 8, chains: 2, exposure: 3 }
  const stream = { kind: 'stream', ...between, ...terms, rounds: 30, pauseMs: 300, closes: true }
  const { world } = await outcomeOf({ atMs: 40_000, ...stream } as Action)
  assert.equal(world.streams.received('w1', true), 160_000n)
  assert.equal(world.streams.received('w1', false), 160_000n)
  assert.equal(world.streams.paid('w0'), 16n * (10_000n + 1_250n))
})

test('OFFER-5 they pay the offer of a payee that is away, once it is back', async () => {
  const pay = { kind: 'payOffer', ...between, value: 50_000, waitSeconds: 60 } as const
  const [payment] = await paymentsOf(
    await outcomeOf({ atMs: 40_000, ...pay, isNamed: true, awayMs: 10_000 }),
  )
  assert.equal(payment?.status, 'paid')
})

test('HUB-15 they withdraw to another lock', async () => {
  const withdrawal = { kind: 'withdraw', wallet: 'w0', share: 500, isElsewhere: true } as const
  const { world } = await outcomeOf({ atMs: 40_000, ...withdrawal })
  assert.deepEqual(
    world.withdrawals.map(({ isDone }) => isDone),
    [true],
  )
})

test('CH-17 PAY-9 a withdrawal that no hub hands in is over, also for who waits for nothing else', async () => {
  const withdrawal = { kind: 'withdraw', wallet: 'w0', share: 500, isElsewhere: true } as const
  const gone = { kind: 'crash', process: 'hub', afterEffects: 0, downMs: 1_000_000 } as const
  const { world } = await outcomeUntil(
    ...([1_000_000, { atMs: 40_000, ...withdrawal }, { atMs: 40_001, ...gone }] as const),
  )
  const [order] = world.withdrawals
  // It may reach for 900 s.
  const { failedAtMs = Infinity } = order ?? {}
  assert.ok(failedAtMs < 1_000_000, `${failedAtMs}`)
})

test('INVOICE-7 they take what is held, give it back, say both, or let it lapse', async () => {
  const hold = {
    kind: 'hold',
    ...between,
    value: 50_000,
    lockSeconds: 200,
    afterMs: 5_000,
  } as const
  const decisions = ['capture', 'void', 'both', 'neither'] as const
  const holds = decisions.map((decision, number): Action => {
    return { atMs: 30_000 + 2_000 * number, ...hold, decision, crashAfter: 1 }
  })
  const { world } = await outcomeUntil(100_000, ...holds)
  const { wallet } = world.wallet('w1')
  const ends = world.holds.map(async ({ deed, anchor, hasDied }) => {
    return [deed.decision, (await wallet?.invoice(anchor))?.status, hasDied]
  })
  assert.deepEqual(await Promise.all(ends), [
    ['capture', 'paid', true],
    ['void', 'cancelled', true],
    ['both', 'paid', true],
    ['neither', 'cancelled', false],
  ])
})

test('PAY-7 they pay a sale back in parts, and no more than it brought', async () => {
  const sale = {
    kind: 'pay',
    payer: 'w1',
    payee: 'w0',
    value: 100_000,
    expirySeconds: 600,
  } as const
  const refund = { kind: 'refund', merchant: 'w0', sale: 0, pauseMs: 2_000 } as const
  const outcome = await outcomeOf(
    { atMs: 30_000, ...sale },
    { atMs: 45_000, ...refund, shares: [600, 600, 300] },
    { atMs: 60_000, ...refund, shares: [200, 100] },
  )
  const [, ...refunds] = await paymentsOf(outcome)
  assert.deepEqual(
    refunds.map((payment) => payment && [payment.status, payment.amount]),
    [['paid', 60_000n], undefined, ['paid', 30_000n], undefined, ['paid', 10_000n]],
  )
})

test('MAIL-5 PAY-5 they pay whom did not ask, where items are locked for less than ten minutes', async () => {
  const pay = { kind: 'paySpontaneously', ...between, value: 50_000, awayMs: 0 } as const
  const seeking = { kind: 'pay', payer: 'w1', payee: 'w0', value: 60_000 } as const
  const outcome = await outcomeOf(
    { atMs: 30_000, kind: 'pay', ...between, value: 60_000, expirySeconds: 3_600 },
    { atMs: 38_000, ...seeking, expirySeconds: 3_600 },
    { atMs: 50_000, ...pay },
  )
  const { wallet } = outcome.world.wallet('w0')
  const [, , order] = outcome.world.books.orders
  assert.equal(order && (await wallet?.letterPaymentOf(order.key))?.code, '')
  assert.equal(order && (await wallet?.paymentOf(order.key))?.status, 'paid')
})
