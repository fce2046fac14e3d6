import type { BlockSummary, LedgerAccess } from '@tallystick/client-sdk'
import type { PublicKey } from '@tallystick/protocol'
import { idOf } from '../core/hub-channel.js'
import type { LedgerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'

/** What a block means for the hub: its channels in their new, proven state, and public links. */
export async function hubEventsOf(
  ledger: LedgerAccess,
  state: HubState,
  hub: PublicKey,
  block: BlockSummary,
): Promise<LedgerEvent[]> {
  const openings = block.opened.filter((opening) => opening.hub === hub)
  const ids = new Set(openings.map(({ id }) => id))
  // Once per client, however many channels somebody opens with one key.
  const opened = await Promise.all(
    [...new Set(openings.map(({ client }) => client))].map(async (client) => {
      const channels = await ledger.channelsOf(client)
      return channels
        .filter(({ id }) => ids.has(id))
        .map((channel): LedgerEvent => ({ kind: 'channelSeen', channel }))
    }),
  )
  const touched = await Promise.all(
    [...block.touched].map(async (number): Promise<LedgerEvent[]> => {
      const known = state.channelByNumber(number)
      if (known === undefined) return []
      const { value } = await ledger.channel(number)
      return value === undefined
        ? [{ kind: 'channelGone', channel: idOf(known) }]
        : [{ kind: 'channelSeen', channel: value }]
    }),
  )
  const gone = [...block.closed].flatMap((number): LedgerEvent[] => {
    const known = state.channelByNumber(number)
    return known === undefined ? [] : [{ kind: 'channelGone', channel: idOf(known) }]
  })
  const reveals = block.reveals.map(({ anchor, known }): LedgerEvent => {
    return { kind: 'revealSeen', anchor, known, time: block.time }
  })
  return [...opened.flat(), ...touched.flat(), ...gone, ...reveals, { kind: 'timePassed' }]
}
