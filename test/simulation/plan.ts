import type { Action, Deed } from './action.js'
import { careDeedOf } from './care-plan.js'
import { HUB } from './hub-actor.js'
import { inOrder } from './in-order.js'
import { paymentFrom } from './payment-plan.js'
import { LEDGER } from './perform.js'
import { Random } from './random.js'
import { moveOf, openingMoves, schemeOf } from './scheme.js'
import type { Setup } from './setup.js'
import { tradePlans } from './trade-plan.js'

/** When the first wallets can be there, virtual milliseconds. */
const FIRST_MS = 12_000
/** The longest that a process is down or cut off: shorter than any margin that a rule relies on. */
const AWAY_MS_MAX = 12_000

/** What happens in the run of a seed, without an end. */
export function planOf(setup: Setup): Generator<Action> {
  const names = Array.from({ length: setup.wallets }, (_, number) => `w${number}`)
  return inOrder([courseOf(setup, names), ...tradePlans(setup, names)])
}

function* courseOf(setup: Setup, names: readonly string[]): Generator<Action> {
  const random = new Random(`plan ${setup.seed}`)
  // Where payments come in parts, no channel holds much.
  const deposit = setup.trades?.includes('parts') ? 2_000_000 : 8_000_000
  let atMs = FIRST_MS
  for (const wallet of names) {
    yield { atMs, kind: 'open', wallet, deposit }
    atMs += random.int(0, 3_000)
  }
  if (setup.scheme !== undefined) {
    for (const move of openingMoves(setup.scheme)) yield { atMs, ...move }
  }
  const cycle = setup.scheme && schemeOf(setup.scheme).cycle
  for (const { afterMs, deed } of cycle?.(random, names) ?? []) {
    atMs += afterMs
    yield { atMs, ...deed }
  }
  for (;;) {
    atMs += random.chance(300) ? random.int(0, 100) : random.int(100, 3_000)
    yield { atMs, ...deedOf(random, setup, names) }
  }
}

function deedOf(random: Random, setup: Setup, names: readonly string[]): Deed {
  const care = careDeedOf(random, setup, names)
  if (care !== undefined) return care
  if (setup.scheme !== undefined) {
    const move = moveOf(random, setup.scheme, names)
    if (move !== undefined) return move
    // Less goes wrong by itself where somebody makes it go wrong.
    if (random.chance(800)) return payment(random, names)
  }
  const liars = setup.scheme !== undefined ? [] : setup.isHubHonest ? setup.liars : [HUB]
  if (liars.length > 0 && random.chance(200)) return lieOf(random, random.pick(liars))
  const kind = random.int(0, 999)
  const wallet = random.pick(names)
  const process = random.pick([HUB, HUB, LEDGER, ...names])
  if (kind < 680) return payment(random, names)
  if (kind < 800) {
    const afterEffects = random.int(0, 12)
    return { kind: 'crash', process, afterEffects, downMs: random.int(0, AWAY_MS_MAX) }
  }
  const ms = random.int(100, AWAY_MS_MAX)
  if (kind < 840) return { kind: 'partition', process: random.pick([HUB, ...names]), ms }
  if (kind < 870) return { kind: 'ledgerAway', process: random.pick([HUB, ...names]), ms }
  if (kind < 890) return { kind: 'fullBlocks', ms }
  if (kind < 910) {
    return { kind: 'disk', process, fault: random.pick(['full', 'ambiguous'] as const) }
  }
  if (kind < 925) {
    const skewMs = random.pick([-3_600_000, -1_000, 0, 0, 1_000, 3_600_000, 315_360_000_000])
    return { kind: 'clock', skewMs }
  }
  if (kind < 955) return { kind: 'network', profile: networkOf(random, setup) }
  if (kind < 975) return { kind: 'open', wallet, deposit: 1_000 * random.int(500, 4_000) }
  return { kind: kind < 990 ? 'close' : 'forceClose', wallet }
}

function payment(random: Random, names: readonly string[]): Deed {
  const payer = random.pick(names)
  const others = names.filter((name) => name !== payer)
  return paymentFrom(random, payer, random.pick(others))
}

function networkOf(random: Random, { isNetworkWild }: Setup) {
  const harm = isNetworkWild ? random.int(0, 60) : 0
  return {
    delayMsMax: random.pick([5, 40, 400, 3_000]),
    lost: harm,
    doubled: harm,
    overtaking: harm,
    cut: random.int(0, 20),
  }
}

const LIES = [
  'none',
  'withholdUpdates',
  'withholdPreimages',
  'withholdAcks',
  'declineClaims',
  'repeat',
  'otherChannel',
  'garbage',
  'dropChanges',
  'breach',
  'forgeClaims',
  'lateClaims',
  'underpay',
  'refuseToPay',
] as const
const DELAYS = ['none', 'lateReveals', 'noReveals', 'lateChallenges', 'lateCloses'] as const
const CLOSE_LIES = [
  'stale',
  'mixed',
  'oldPeer',
  'previous',
  'mostPaid',
  'nothing',
  'droppedItems',
  'lessTransferred',
  'lessAcked',
  'unsure',
] as const

function lieOf(random: Random, liar: string): Deed {
  const kind = random.int(0, 99)
  if (kind < 10) return { kind: 'delay', liar, delay: random.pick(DELAYS) }
  if (kind < 60) {
    const lie = { how: random.pick(LIES), share: random.pick([50, 300, 1_000]) }
    return { kind: 'lie', liar, lie }
  }
  if (kind < 85) {
    const channel = random.int(0, 7)
    return { kind: 'lyingClose', liar, channel, how: random.pick(CLOSE_LIES) }
  }
  return { kind: kind < 93 ? 'backup' : 'restore', liar }
}
