import type { Deed } from './action.js'
import { HUB } from './hub-actor.js'
import type { Random } from './random.js'
import { schemeOf } from './scheme.js'
import type { Setup } from './setup.js'

/** How long owners are away whom a tower watches for: longer than the longest dispute at times. */
const AWAY_MS = { least: 125_000, most: 400_000 }
/** How long a tower is away: far shorter than a dispute. */
const TOWER_AWAY_MS_MAX = 20_000

/** What happens to towers, and to those who need them, if it is anything of that kind. */
export function careDeedOf(
  random: Random,
  { towers, forgetful, liars, isHubHonest, scheme }: Setup,
  wallets: readonly string[],
): Deed | undefined {
  if (towers.length === 0 && forgetful.length === 0) return undefined
  const chance = random.int(0, 999)
  if (towers.length > 0 && chance < 30) {
    const wallet = random.pick(wallets.filter((name) => !liars.includes(name)))
    return { kind: 'goAway', wallet, ms: random.int(AWAY_MS.least, AWAY_MS.most) }
  }
  if (towers.length > 0 && chance < 80) return towerFault(random, random.pick(towers))
  if (towers.length > 0 && chance < 120 && !isHubHonest) {
    const close = scheme && schemeOf(scheme).hub?.close
    return { kind: 'lyingClose', liar: HUB, channel: random.int(0, 7), how: close ?? 'stale' }
  }
  if (forgetful.length === 0 || chance < 930) return undefined
  const process = random.pick(forgetful)
  if (chance < 970) return { kind: 'keepCopy', process }
  return { kind: 'loseDisk', process, how: random.pick(['copy', 'backup', 'words'] as const) }
}

function towerFault(random: Random, process: string): Deed {
  const ms = random.int(100, TOWER_AWAY_MS_MAX)
  const kind = random.int(0, 99)
  if (kind < 60) return { kind: 'crash', process, afterEffects: random.int(0, 12), downMs: ms }
  if (kind < 75) {
    return { kind: 'disk', process, fault: random.pick(['full', 'ambiguous'] as const) }
  }
  return { kind: kind < 88 ? 'partition' : 'ledgerAway', process, ms }
}
