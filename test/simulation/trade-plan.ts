import type { Action } from './action.js'
import { Random } from './random.js'
import type { Setup } from './setup.js'
import type { Trade } from './trade.js'

/** When trades begin: the first channels are there, virtual milliseconds. */
const FIRST_MS = 25_000

type Plan = (random: Random, names: readonly string[]) => Generator<Action>

/** What happens of each trade, without an end: one may come and go without a change of the others. */
export function tradePlans(
  { seed, trades = [] }: Setup,
  names: readonly string[],
): readonly Iterator<Action>[] {
  return trades.map((trade) => PLANS[trade](new Random(`${trade} ${seed}`), names))
}

const PLANS: Readonly<Record<Trade, Plan>> = {
  parts: partsPlan,
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

function pair(random: Random, names: readonly string[]) {
  const payer = random.pick(names)
  return { payer, payee: random.pick(names.filter((name) => name !== payer)) }
}
