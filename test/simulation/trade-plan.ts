import type { Action, Lie } from './action.js'
import { HUB } from './hub-actor.js'
import { paymentFrom } from './payment-plan.js'
import { Random } from './random.js'
import type { Setup } from './setup.js'
import type { Trade } from './trade.js'

/** When trades begin: the first channels are there, virtual milliseconds. */
const FIRST_MS = 25_000
/** How long a payee is away for whom a letter waits: as long as anybody is. */
const AWAY_MS_MAX = 12_000

type Plan = (random: Random, names: readonly string[]) => Generator<Action>

/** What happens of each trade, without an end: one may come and go without a change of the others. */
export function tradePlans(
  { seed, trades = [], liars, isHubHonest, scheme }: Setup,
  names: readonly string[],
): readonly Iterator<Action>[] {
  const plans = trades.map((trade) => PLANS[trade](new Random(`${trade} ${seed}`), names))
  const lies = trades.flatMap((trade) => LIES[trade])
  const speakers = isHubHonest ? liars : [HUB]
  const isLiedTo = scheme === undefined && speakers.length > 0 && lies.length > 0
  return isLiedTo
    ? [...plans, liesPlan(new Random(`lies about trades ${seed}`), speakers, lies)]
    : plans
}

/** What liars do to each trade, where they have no scheme. */
const LIES: Readonly<Record<Trade, readonly Lie['how'][]>> = {
  parts: ['dropChanges'],
  letters: ['withholdLetters', 'repeat'],
  withdrawals: ['withholdUpdates'],
  holds: ['declineClaims', 'lateClaims', 'withholdPreimages'],
  refunds: ['declineClaims', 'refuseToPay', 'withholdPreimages'],
  departures: ['withholdUpdates', 'withholdAcks'],
  streams: ['overclaim', 'takeBackTicks'],
}

function* liesPlan(
  random: Random,
  liars: readonly string[],
  lies: readonly Lie['how'][],
): Generator<Action> {
  for (let atMs = FIRST_MS; ; atMs += random.int(5_000, 40_000)) {
    const lie = { how: random.pick(lies), share: random.pick([300, 1_000]) }
    yield { atMs, kind: 'lie', liar: random.pick(liars), lie }
  }
}

const PLANS: Readonly<Record<Trade, Plan>> = {
  parts: partsPlan,
  streams: streamsPlan,
  letters: lettersPlan,
  withdrawals: withdrawalsPlan,
  holds: holdsPlan,
  refunds: refundsPlan,
  departures: departuresPlan,
}

/** Wallets open some small channels more, and pay what none of them can pay alone. */
function* partsPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (const wallet of [...names, ...names]) {
    yield { atMs, kind: 'open', wallet, deposit: 1_000 * random.int(1_000, 2_500) }
    atMs += random.int(0, 1_500)
  }
  for (;;) {
    atMs += random.int(1_000, 8_000)
    const between = pair(random, names)
    const expirySeconds = random.pick([120, 3_600])
    yield { atMs, kind: 'payInParts', ...between, share: random.int(1, 1_000), expirySeconds }
  }
}

/** Streams, of which some are ended and some are left. */
function* streamsPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (;;) {
    atMs += random.int(1_000, 12_000)
    yield {
      ...{ atMs, kind: 'stream', ...pair(random, names) },
      ...{ unit: 1_000 * random.int(5, 20), ticks: random.int(4, 60), chains: random.int(1, 3) },
      ...{ exposure: random.int(1, 6), rounds: random.int(3, 30) },
      ...{ pauseMs: random.pick([300, 1_000, 6_000]), closes: random.chance(600) },
    }
  }
}

/** Offers, and payments that were not asked for, to payees who are often away when they begin. */
function* lettersPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (;;) {
    atMs += random.int(500, 6_000)
    const value = 1_000 * random.int(20, 900)
    const awayMs = random.chance(600) ? random.int(100, AWAY_MS_MAX) : 0
    const order = { atMs, ...pair(random, names), value, awayMs }
    yield random.chance(500)
      ? { ...order, kind: 'paySpontaneously' }
      : {
          ...{ ...order, kind: 'payOffer', isNamed: random.chance(500) },
          waitSeconds: random.pick([15, 60, 600]),
        }
  }
}

/** Money goes out of channels that stay in use. */
function* withdrawalsPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (;;) {
    atMs += random.int(1_000, 10_000)
    const share = random.int(50, 1_000)
    const isElsewhere = random.chance(600)
    const wallet = random.pick(names)
    yield { atMs, kind: 'withdraw', wallet, share, isElsewhere }
    // While it is under way, whoever forgets it would spend it again.
    const forgetting = [wallet, HUB].filter(() => random.chance(350))
    for (const process of forgetting) {
      atMs += random.int(20, 1_500)
      yield { atMs, kind: 'crash', process, afterEffects: random.int(0, 6), downMs: 1_000 }
    }
  }
}

/** Money is held, and taken or given back soon, late, too late or never; payees die over it. */
function* holdsPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (;;) {
    atMs += random.int(500, 8_000)
    const hold = {
      ...{ atMs, ...pair(random, names), value: 1_000 * random.int(20, 900) },
      lockSeconds: random.pick([200, 240]),
      decision: random.pick(['capture', 'capture', 'void', 'both', 'neither'] as const),
      afterMs: random.pick([0, random.int(100, 20_000), random.int(15_000, 95_000)]),
    }
    const isDying = random.chance(400)
    yield { ...hold, kind: 'hold', ...(isDying && { crashAfter: random.int(0, 8) }) }
  }
}

/** Sales are paid back in parts, often more than once, by merchants who die over it and begin again. */
function* refundsPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (;;) {
    atMs += random.int(500, 6_000)
    const count = random.int(1, 4)
    const refund = {
      ...{ atMs, merchant: random.pick(names), sale: random.int(0, 2) },
      shares: Array.from({ length: count }, () => random.int(100, 700)),
      pauseMs: random.pick([0, 200, 4_000]),
    }
    const isDying = random.chance(400)
    yield { ...refund, kind: 'refund', ...(isDying && { crashAfter: random.int(0, 20) }) }
  }
}

/** Who withdraws closes before that has come about: what it has paid is the hub's, and must not go out in its place. */
function* departuresPlan(random: Random, names: readonly string[]): Generator<Action> {
  let atMs = FIRST_MS
  for (;;) {
    const wallet = random.pick(names)
    const others = names.filter((name) => name !== wallet)
    atMs += random.int(1_000, 6_000)
    yield { atMs, kind: 'open', wallet, deposit: 1_000 * random.int(1_000, 3_000) }
    for (let count = 0; count < 3; count++) {
      atMs += random.int(1_000, 3_000)
      yield { atMs, ...paymentFrom(random, wallet, random.pick(others)) }
    }
    atMs += random.int(2_000, 8_000)
    const isElsewhere = random.chance(600)
    yield { atMs, kind: 'withdraw', wallet, share: random.int(10, 400), isElsewhere }
    atMs += random.pick([0, random.int(1, 300), random.int(300, 3_000)])
    yield { atMs, kind: 'close', wallet, isWithdrawing: true }
  }
}

function pair(random: Random, names: readonly string[]) {
  const payer = random.pick(names)
  return { payer, payee: random.pick(names.filter((name) => name !== payer)) }
}
