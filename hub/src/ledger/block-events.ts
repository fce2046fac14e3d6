import type { BlockSummary, LedgerClient } from '@tallystick/client-sdk'
import type { PublicKey } from '@tallystick/protocol'
import { idOf } from '../core/hub-channel.js'
import type { LedgerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'

/** What a block means for the hub: its channels in their new, proven state, and public links. */
export async function hubEventsOf(
  ledger: LedgerClient,
  state: HubState,
  hub: PublicKey,
  block: BlockSummary,
): Promise<LedgerEvent[]> {
  const opened = await Promise.all(
    block.opened
      .filter((opening) => opening.hub === hub)
      .map(async ({ id, client }): Promise<LedgerEvent[]> => {
        const channels = await ledger.channelsOf(client)
        const channel = channels.find((other) => other.id === id)
        return channel === undefined ? [] : [{ kind: 'channelSeen', channel }]
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
