import type { Anchor, ChannelId } from '@tallystick/protocol'
import { channelOfEvent, type LedgerEvent, type PeerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'
import { anchorsIn } from '../core/resume-step.js'

/** What a batch may ask the journal about. */
export type BatchLookups = {
  /** Anchors whose payments are not known without it. */
  readonly payments: readonly Anchor[]
  /** Anchors that may have become public. */
  readonly reveals: readonly Anchor[]
}

/** What the journal is asked before clients' events are decided. */
export function lookupsOfPeers(events: readonly PeerEvent[], state: HubState): BatchLookups {
  const anchors = new Anchors(state)
  const reveals = new Set<Anchor>()
  for (const event of events) {
    anchors.addPending(channelOfEvent(event))
    switch (event.kind) {
      case 'update':
        for (const change of event.update.changes) {
          if (change.kind === 'add') reveals.add(change.anchor)
        }
        break
      case 'resumeAnswered':
        for (const anchor of anchorsIn(event.answer)) reveals.add(anchor)
        break
      case 'attached':
      case 'stored':
      case 'claim':
      case 'decline':
      case 'closeIntent':
      case 'closeAgreed':
        break
    }
  }
  for (const anchor of reveals) anchors.add(anchor)
  return { payments: anchors.unknown, reveals: [...reveals] }
}

/** The same of a block, which concerns every channel with something pending. */
export function lookupsOfBlock(events: readonly LedgerEvent[], state: HubState): BatchLookups {
  const anchors = new Anchors(state)
  for (const event of events) if (event.kind === 'revealSeen') anchors.add(event.anchor)
  for (const { party } of state.busyChannels()) anchors.addPending(party.ledger.id)
  return { payments: anchors.unknown, reveals: [] }
}

class Anchors {
  readonly #state: HubState
  readonly #unknown = new Set<Anchor>()
  readonly #channels = new Set<ChannelId>()

  constructor(state: HubState) {
    this.#state = state
  }

  get unknown(): readonly Anchor[] {
    return [...this.#unknown]
  }

  add(anchor: Anchor): void {
    if (!this.#state.hasPayment(anchor)) this.#unknown.add(anchor)
  }

  /** The anchors of everything that hangs on a channel. */
  addPending(id: ChannelId): void {
    if (this.#channels.has(id)) return
    this.#channels.add(id)
    const channel = this.#state.channel(id)
    if (channel === undefined) return
    const { own, peer, cancelling } = channel.party
    for (const { anchor } of own.items) this.add(anchor)
    for (const { anchor } of peer.items) this.add(anchor)
    if (cancelling.length === 0) return
    // An item that the hub has cancelled is named by the payer's, which is given back with it.
    for (const { channel: payer, otherId } of channel.origin) {
      const { items } = this.#state.channel(payer)?.party.peer ?? { items: [] }
      const item = items.find((other) => other.id === otherId)
      if (item !== undefined) this.add(item.anchor)
    }
  }
}
