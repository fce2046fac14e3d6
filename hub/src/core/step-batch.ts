import {
  type ChannelId,
  type ChannelParty,
  type EvidenceCheck,
  isPeerSigned,
  type LaneState,
  type PublicKey,
} from '@tallystick/protocol'
import type { HubEffect } from './hub-effect.js'
import { channelOfEvent, type PeerEvent } from './hub-event.js'
import { type HubContext, stepPeer } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'

/** The same for all of a batch; signatures are asked for here. */
type BatchContext = HubContext & { readonly verify: EvidenceCheck }

/** What the events of a batch come to. */
export type SteppedBatch = {
  readonly effects: HubEffect[]
  /** Clients whose proofs, taken without a look at each, end in one that is not signed: nothing of it counts. */
  readonly unsigned: ReadonlySet<PublicKey>
}

/**
 * The events of clients that share a batch, in their order. Of the updates that a channel says one upon the
 * other only the last needs to be signed, because it states all that they have changed (CH-6.7): whoever has
 * many payments under way costs one check and one root a batch. Clients of whom `isEach` says so are asked
 * for every signature.
 */
export function stepBatch(
  state: HubOverlay,
  events: readonly PeerEvent[],
  context: BatchContext,
  isEach: (client: PublicKey) => boolean,
): SteppedBatch {
  const { chainId, verify } = context
  const taken: HubContext = { ...context, verify: 'later' }
  const lasts = lastUpdates(events)
  /** What was held where a row of updates began. */
  const began = new Map<ChannelId, LaneState>()
  const unsigned = new Set<PublicKey>()
  const clientOf = (party: ChannelParty) => party.ledger.client.key
  const effects = events.flatMap((event, i) => {
    if (event.kind !== 'update') return stepPeer(state, event, context)
    const { channel: id } = event.update
    const before = state.channel(id)?.party
    if (before === undefined || isEach(clientOf(before))) return stepPeer(state, event, context)
    if (!began.has(id)) began.set(id, before.peer)
    const said = stepPeer(state, event, taken)
    if (!lasts.has(i)) return said
    const held = state.channel(id)?.party ?? before
    // Where all of them were refused there is nothing to check.
    const isNew = held.peer !== began.get(id)
    if (isNew && !isPeerSigned(chainId, held, verify)) unsigned.add(clientOf(held))
    began.delete(id)
    return said
  })
  return { effects, unsigned }
}

/** The updates after which their channel says none in the batch, or something that may end a lane's epoch first. */
function lastUpdates(events: readonly PeerEvent[]): ReadonlySet<number> {
  const lasts = new Set<number>()
  const open = new Map<ChannelId, number>()
  for (const [i, event] of events.entries()) {
    switch (event.kind) {
      case 'update':
        open.set(event.update.channel, i)
        break
      case 'stored':
      case 'claim':
      case 'decline':
        break
      case 'attached':
      case 'resumeAnswered':
      case 'closeIntent':
      case 'closeAgreed':
      case 'withdrawAgreed': {
        const last = open.get(channelOfEvent(event))
        if (last !== undefined) lasts.add(last)
        open.delete(channelOfEvent(event))
      }
    }
  }
  for (const last of open.values()) lasts.add(last)
  return lasts
}
