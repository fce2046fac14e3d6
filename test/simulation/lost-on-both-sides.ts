import { type ChannelId, type ChannelParty, isUsable } from '@tallystick/protocol'
import type { World } from './world.js'

/**
 * The wallets and channels of which neither side knows any more what was signed last (CH-18): nothing
 * goes on there, and what was signed in the time that is lost to both is gone. Everywhere else two
 * honest sides that can hear each other go on; `waiting` says where one has not yet, and `isHeldUp` whether that is so
 * because of a withdrawal, which has to be over first.
 */
export function lostOnBothSides({ hub, setup, ...world }: World): {
  readonly lost: ReadonlyMap<ChannelId, string>
  readonly waiting: string | undefined
  readonly isHeldUp: boolean
} {
  const lost = new Map<ChannelId, string>()
  let waiting: string | undefined
  let isHeldUp = false
  for (const { name, wallet } of world.wallets.values()) {
    if (!setup.isHubHonest || setup.liars.includes(name)) continue
    for (const { party } of wallet?.channels() ?? []) {
      const { id } = party.ledger
      const other = hub.hub?.state.channel(id)?.party
      if (other === undefined || !isUsable(party) || !isUsable(other)) continue
      if (isLost(party) && isLost(other)) {
        lost.set(id, name)
      } else if (party.resuming !== undefined || other.resuming !== undefined) {
        const who = [party, other].map(({ role, lostAt }) => `${role} ${lostAt ?? 'lost nothing'}`)
        waiting = `${name} and the hub do not go on: ${who.join(', ')}`
        isHeldUp ||= (party.withdrawing ?? other.withdrawing) !== undefined
      }
    }
  }
  return { lost, waiting, isHeldUp }
}

function isLost({ resuming, lostAt }: ChannelParty): boolean {
  return resuming !== undefined && lostAt !== undefined
}
