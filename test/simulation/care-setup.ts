import { HUB } from './hub-actor.js'
import type { Random } from './random.js'
import { CARE_SCHEME_NAMES, type SchemeName, schemeOf } from './scheme.js'
import type { Setup } from './setup.js'

/**
 * The cast of every fourth seed: owners who go away and leave their channels to towers, and honest
 * processes that lose their disks. Every second of them plays a scheme.
 */
export function setupOfCare(seed: number, random: Random): Setup {
  const turn = (seed - 3) / 4
  const wallets = random.int(2, 4)
  const base = { seed, wallets, hubVanishes: 'never', isNetworkWild: false } as const
  if (turn % 2 === 0) {
    const name = CARE_SCHEME_NAMES[(turn / 2) % CARE_SCHEME_NAMES.length]
    if (name === undefined) throw new Error(`seed ${seed} has no scheme`)
    return { ...base, ...castOf(name, wallets) }
  }
  const names = namesOf('w', wallets)
  const isHubHonest = random.chance(600)
  const forgets = random.pick(['hub', 'wallets', 'both', 'nobody'] as const)
  const isHubForgetful = isHubHonest && (forgets === 'hub' || forgets === 'both')
  const liars = names.slice(1).filter(() => isHubHonest && !isHubForgetful && random.chance(250))
  const honest = names.filter((name) => !liars.includes(name))
  const areForgetful = forgets === 'wallets' || forgets === 'both'
  const towers = namesOf('t', isHubHonest ? random.int(0, 2) : random.int(1, 2))
  return {
    ...{ ...base, isHubHonest, liars, towers, isNetworkWild: random.chance(200) },
    forgetful: [
      ...(isHubForgetful ? [HUB] : []),
      ...(areForgetful ? honest.filter(() => random.chance(700)) : []),
      // The first one keeps what it vouches for.
      ...towers.slice(1).filter(() => random.chance(500)),
    ],
  }
}

function castOf(
  name: SchemeName,
  wallets: number,
): Pick<Setup, 'scheme' | 'isHubHonest' | 'liars' | 'towers' | 'forgetful'> {
  const { hub, towers = 0, forgetful = [] } = schemeOf(name)
  const forgets = forgetful.flatMap((who) => (who === 'hub' ? [HUB] : namesOf('w', wallets)))
  return {
    ...{ scheme: name, isHubHonest: hub === undefined, liars: [] },
    ...{ towers: namesOf('t', towers), forgetful: forgets },
  }
}

function namesOf(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${letter}${number}`)
}
