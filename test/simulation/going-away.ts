import { type ItemId, isClosing } from '@tallystick/protocol'
import type { WalletActor } from './wallet-actor.js'
import type { World } from './world.js'

/** Virtual milliseconds between two looks at whether an owner may go, and how often it looks. */
const LOOK_MS = 500
const LOOKS_MAX = 60

/**
 * An owner leaves the rest to its tower and is away for `ms`, longer than a dispute lasts: as soon as
 * an honest tower has vouched for the newest of every channel, and no link waits to be made public.
 */
export async function goAway(world: World, actor: WalletActor, ms: number): Promise<void> {
  const { schedule, downUntilMs, asleepUntilMs } = world
  if (!(await isGuarded(world, actor, ms))) return
  const until = schedule.nowMs + ms
  asleepUntilMs.set(actor.name, until)
  downUntilMs.set(actor.name, Math.max(until, downUntilMs.get(actor.name) ?? 0))
  actor.life.crash()
}

/** Whether it comes to pass soon that an owner may go away for `ms`; if so, it may just now. */
export async function isGuarded(world: World, actor: WalletActor, ms: number): Promise<boolean> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (mayGoAway(world, actor, ms)) return true
    await world.schedule.pause(LOOK_MS)
  }
  return false
}

/** What a careful owner looks at before it goes away for so long. */
function mayGoAway(world: World, { life, wallet }: WalletActor, ms: number): boolean {
  if (wallet === undefined || !life.isAlive) return false
  return wallet.channels().every(({ party, books }) => {
    const { ledger, peer, peerEvidence, ownResume, incoming, resuming, lostAt } = party
    if (isClosing(ledger) && ledger.status.by === 'client') return true
    if (books !== 'whole' || resuming !== undefined || lostAt !== undefined) return false
    const paidOf = (id: ItemId) => peer.items.find((item) => item.id === id)?.paid ?? 0
    if (incoming.some(({ id, known }) => (known?.index ?? 0) > paidOf(id))) return false
    if (peerEvidence === undefined && ownResume === undefined) return true
    const until = world.time + ms / 1_000
    return wallet.guardedUpTo(ledger.id).some(({ isNewest, upTo, key }) => {
      return isNewest && (upTo?.validUntil ?? 0) > until && world.isHonestTower(key)
    })
  })
}
