import { type BlockSummary, inParallel, type LedgerAccess } from '@tallystick/client-sdk'
import type { PublicKey } from '@tallystick/protocol'
import { idOf } from '../core/hub-channel.js'
import type { LedgerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'

/** Proofs that are asked for at a time: a block may touch a thousand channels when all are left at once. */
const PARALLEL_QUESTIONS = 16

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
  const clients = [...new Set(openings.map(({ client }) => client))]
  const opened = await inParallel(clients, PARALLEL_QUESTIONS, async (client) => {
    const channels = await ledger.channelsOf(client)
    return channels
      .filter(({ id }) => ids.has(id))
      .map((channel): LedgerEvent => ({ kind: 'channelSeen', channel }))
  })
  const ours = [...block.touched].flatMap((number) => {
    const known = state.channelByNumber(number)
    return known === undefined ? [] : [{ number, channel: idOf(known) }]
  })
  const touched = await inParallel(ours, PARALLEL_QUESTIONS, async ({ number, channel }) => {
    const { value } = await ledger.channel(number)
    const event: LedgerEvent =
      value === undefined
        ? { kind: 'channelGone', channel }
        : { kind: 'channelSeen', channel: value }
    return event
  })
  const gone = [...block.closed].flatMap((number): LedgerEvent[] => {
    const known = state.channelByNumber(number)
    return known === undefined ? [] : [{ kind: 'channelGone', channel: idOf(known) }]
  })
  const reveals = block.reveals.map(({ anchor, known }): LedgerEvent => {
    return { kind: 'revealSeen', anchor, known, time: block.time }
  })
  return [...opened.flat(), ...touched, ...gone, ...reveals, { kind: 'timePassed' }]
}
