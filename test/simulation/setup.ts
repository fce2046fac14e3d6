import { setupOfCare } from './care-setup.js'
import { Random } from './random.js'
import { SCHEME_NAMES, type SchemeName, schemeOf, tradeSchemes } from './scheme.js'
import { type Trade, tradesOf } from './trade.js'

/** Who takes part in a run, and how far messages may be harmed. */
export type Setup = {
  readonly seed: number
  readonly wallets: number
  /** Those of them that lie, by name. */
  readonly liars: readonly string[]
  readonly isHubHonest: boolean
  /** What the liars are up to together; absent: each lies as it comes. */
  readonly scheme?: SchemeName
  /**
   * Whether the hub, honest until then, is gone for ever at some moment (INV-28): when everybody
   * leaves, or just when an owner has been told of so many payments.
   */
  readonly hubVanishes: 'never' | 'atTheEnd' | { readonly afterPaid: number }
  /** Watchtowers that wallets entrust their channels to, by name. */
  readonly towers: readonly string[]
  /** Honest processes that lose their disks now and then, by name. */
  readonly forgetful: readonly string[]
  /** Whether messages of one connection may be lost, doubled and reordered. */
  readonly isNetworkWild: boolean
  /** What wallets do beside plain payments; absent: nothing. */
  readonly trades?: readonly Trade[]
  /** Items that a lane may hold; absent: more than ever come together. */
  readonly places?: number
}

/** From this seed on every third one has lanes that are soon full (HUB-16). The runs of those before are what deliberate defects are found by. */
export const FIRST_NARROW_SEED = 3_000
const NARROW_PLACES = 2

/** Who takes part in the run of a seed, and what they do. */
export function setupOf(seed: number): Setup {
  const trades = tradesOf(seed)
  const isNarrow = seed >= FIRST_NARROW_SEED && seed % 3 === 0
  return {
    ...(trades.length === 0 ? castOf(seed) : { ...tradingCastOf(seed, trades), trades }),
    ...(isNarrow && { places: NARROW_PLACES }),
  }
}

/** Of every second seed with trades, most have a scheme against one of them. */
function tradingCastOf(seed: number, trades: readonly Trade[]): Setup {
  const random = new Random(`schemes ${seed}`)
  const names = tradeSchemes(trades)
  const isPlain = seed % 2 !== 0 || names.length === 0 || random.chance(400)
  return isPlain ? castOf(seed) : playersOf(random.pick(names), seed, random)
}

/** The cast of a seed: somebody honest is always there to be wronged. */
function castOf(seed: number): Setup {
  const random = new Random(`setup ${seed}`)
  const wallets = random.int(2, 4)
  if (seed % 4 === 3) return setupOfCare(seed, random)
  // Every scheme is tried by some of few seeds that follow each other.
  if (seed % 2 === 0) return setupOfScheme(seed, random)
  const isHubHonest = random.chance(700)
  const liars = Array.from({ length: wallets }, (_, number) => `w${number}`).filter(
    () => isHubHonest && random.chance(300),
  )
  const isNetworkWild = random.chance(300)
  return {
    seed,
    wallets,
    liars,
    isHubHonest,
    hubVanishes: vanishing(random, isHubHonest),
    isNetworkWild,
    ...{ towers: [], forgetful: [] },
  }
}

function setupOfScheme(seed: number, random: Random): Setup {
  const name = SCHEME_NAMES[(seed / 2) % SCHEME_NAMES.length]
  if (name === undefined) throw new Error(`seed ${seed} has no scheme`)
  return playersOf(name, seed, random)
}

function playersOf(name: SchemeName, seed: number, random: Random): Setup {
  const { hub, clients, cycle } = schemeOf(name)
  const liars = clients.map((_, number) => `w${number}`)
  const isHubHonest = hub === undefined
  const wallets = liars.length + random.int(1, 2)
  return {
    ...{ seed, liars, isHubHonest, scheme: name, hubVanishes: 'never', isNetworkWild: false },
    ...{ towers: [], forgetful: [] },
    // Some go on paying while others wait for their closes.
    wallets: cycle !== undefined ? 4 : Math.max(2, wallets),
  }
}

function vanishing(random: Random, isHubHonest: boolean): Setup['hubVanishes'] {
  if (!isHubHonest || random.chance(600)) return 'never'
  return random.chance(500) ? 'atTheEnd' : { afterPaid: random.int(1, 12) }
}
