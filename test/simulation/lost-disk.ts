import type { Action } from './action.js'
import { isGuarded } from './going-away.js'
import { HUB } from './hub-actor.js'
import type { World } from './world.js'

/** Somebody honest keeps a copy of its disk elsewhere, and a wallet a sealed backup as well. */
export async function keepCopy(world: World, process: string): Promise<void> {
  if (process === HUB) return world.hub.backUp()
  if (world.towers.has(process)) return world.tower(process).backUp()
  const actor = world.wallet(process)
  actor.backUp()
  await actor.exportBackup()
}

/**
 * A disk is gone, and its owner goes on from what it has put away. Against a hub that lies, what was
 * signed last comes back from a tower alone: there an owner loses its disk only while one has it all.
 */
export async function loseDisk(
  world: World,
  { process, how }: Extract<Action, { kind: 'loseDisk' }>,
): Promise<void> {
  const { hub, setup, books } = world
  if (process === HUB) return hub.loseDisk()
  if (world.towers.has(process)) return world.tower(process).loseDisk()
  const actor = world.wallet(process)
  if (!setup.isHubHonest && !(await isGuarded(world, actor, 0))) return
  books.onLost(process)
  world.statuses.onLost(process)
  world.refunds.onLost(process)
  world.streams.onLost(process)
  actor.loseDisk(how)
}
