import { HUB } from './hub-actor.js'
import type { World } from './world.js'

/** For how long owners who think that all is well are away: past every expiry, milliseconds. */
const ASLEEP_MS = 400_000

/**
 * INV-28: at the very moment at which somebody was told of a payment the hub is gone for ever, and
 * every owner sleeps longer than any item lives. What they were told by then is theirs all the same.
 */
export function abandon({ hub, wallets, schedule, downUntilMs }: World): void {
  downUntilMs.set(HUB, Infinity)
  hub.life.crash()
  for (const { name, life } of wallets.values()) {
    downUntilMs.set(name, schedule.nowMs + ASLEEP_MS)
    life.crash()
  }
}
