import { Random } from './random.js'

/** Who takes part in a run, and how far messages may be harmed. */
export type Setup = {
  readonly seed: number
  readonly wallets: number
  /** Those of them that lie, by name. */
  readonly liars: readonly string[]
  readonly isHubHonest: boolean
  /** Whether the hub, honest until then, is gone for ever when everybody leaves (INV-28). */
  readonly doesHubVanish: boolean
  /** Whether messages of one connection may be lost, doubled and reordered. */
  readonly isNetworkWild: boolean
}

/** The cast of a seed: liars on one side at most, so that somebody can be wronged. */
export function setupOf(seed: number): Setup {
  const random = new Random(`setup ${seed}`)
  const wallets = random.int(2, 4)
  const isHubHonest = random.chance(700)
  const liars = Array.from({ length: wallets }, (_, number) => `w${number}`).filter(
    () => isHubHonest && random.chance(300),
  )
  const isNetworkWild = random.chance(300)
  const doesHubVanish = isHubHonest && random.chance(200)
  return { seed, wallets, liars, isHubHonest, doesHubVanish, isNetworkWild }
}
