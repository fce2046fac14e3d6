import { type Anchor, type ChannelId, type ItemId, LANE_ITEMS_MAX } from '@tallystick/protocol'
import type { HubChannel } from '../core/hub-channel.js'
import { channelOfEvent, type LedgerEvent, type PeerEvent } from '../core/hub-event.js'
import type { HubState } from '../core/hub-state.js'
import type { HubOverlay } from '../core/hub-view.js'
import { isFinal, type Payment } from '../core/payment.js'
import { anchorsIn } from '../core/resume-step.js'

/** What a batch may ask about. */
export type BatchLookups = {
  /** Payments that the state lets go of once they are in a table, which may be before the batch is decided. */
  readonly ended: readonly Payment[]
  /** Anchors whose payments only the journal may know. */
  readonly payments: readonly Anchor[]
  /** Anchors that may have become public. */
  readonly reveals: readonly Anchor[]
}

/**
 * What is looked up before clients' events are decided; `below`: what the batch before them writes, which
 * is being committed.
 */
export function lookupsOfPeers(
  events: readonly PeerEvent[],
  state: HubState,
  below?: HubOverlay,
): BatchLookups {
  const anchors = new Anchors(state, below)
  const reveals = new Set<Anchor>()
  const resumed = new Set<ChannelId>()
  for (const event of events) if (event.kind === 'resumeAnswered') resumed.add(event.channel)
  for (const event of events) {
    const id = channelOfEvent(event)
    for (const anchor of anchors.nextWaiting(id, resumed)) reveals.add(anchor)
    switch (event.kind) {
      case 'update':
        for (const change of event.update.changes) {
          if (change.kind === 'add') reveals.add(change.anchor)
        }
        anchors.addNamed(
          id,
          'peer',
          event.update.changes.filter(({ kind }) => kind !== 'add'),
        )
        break
      case 'claim':
        anchors.addNamed(id, 'own', [event.claim])
        break
      case 'stored':
      case 'decline':
        anchors.addNamed(id, 'own', [])
        break
      case 'resumeAnswered':
        for (const anchor of anchorsIn(event.answer)) reveals.add(anchor)
        anchors.addPending(id)
        break
      case 'attached':
      case 'closeIntent':
      case 'closeAgreed':
        anchors.addPending(id)
        break
      case 'withdrawAgreed':
        break
    }
  }
  for (const anchor of reveals) anchors.add(anchor)
  return anchors.lookups([...reveals])
}

/** The same of a block, which concerns every channel with something pending. */
export function lookupsOfBlock(events: readonly LedgerEvent[], state: HubState): BatchLookups {
  const anchors = new Anchors(state)
  for (const event of events) if (event.kind === 'revealSeen') anchors.add(event.anchor)
  const reveals = new Set<Anchor>()
  for (const { party, waiting } of state.busyChannels()) {
    anchors.addPending(party.ledger.id)
    // No more find a place at a time: else a crowd of them would keep the journal busy for whole blocks.
    for (const { anchor } of waiting.slice(0, LANE_ITEMS_MAX)) reveals.add(anchor)
  }
  for (const anchor of reveals) anchors.add(anchor)
  return anchors.lookups([...reveals])
}

class Anchors {
  readonly #state: HubState
  readonly #below: HubOverlay | undefined
  readonly #ended = new Map<Anchor, Payment>()
  readonly #unknown = new Set<Anchor>()
  readonly #channels = new Set<ChannelId>()
  /** How many were looked at of those that wait for the lane of a channel. */
  readonly #looked = new Map<ChannelId, number>()

  constructor(state: HubState, below?: HubOverlay) {
    this.#state = state
    this.#below = below
  }

  lookups(reveals: readonly Anchor[]): BatchLookups {
    return { ended: [...this.#ended.values()], payments: [...this.#unknown], reveals }
  }

  add(anchor: Anchor): void {
    const payment = this.#state.recentPayment(anchor)
    if (payment !== undefined) {
      if (isFinal(payment)) this.#ended.set(anchor, payment)
    } else if (this.#below?.writes().payments.has(anchor) !== true) {
      this.#unknown.add(anchor)
    }
  }

  /**
   * The anchors of the items of a lane that an event names; it concerns no other payment, unless something is owed or
   * given up on the channel and goes on with it.
   */
  addNamed(id: ChannelId, lane: 'own' | 'peer', named: readonly { readonly id: ItemId }[]): void {
    const party = this.#channel(id)?.party
    if (party === undefined) return
    if (party.owed.length > 0 || party.cancelling.length > 0) return this.addPending(id)
    for (const { id: name } of named) {
      const item = party[lane].items.find((other) => other.id === name)
      if (item !== undefined) this.add(item.anchor)
    }
  }

  /**
   * The anchors that one more event on a channel may come to in what waits there: the next one (HUB-16), and those
   * before it whose payers go on from a resume in this batch, which takes them away.
   */
  nextWaiting(id: ChannelId, resumed: ReadonlySet<ChannelId>): readonly Anchor[] {
    const waiting = this.#channel(id)?.waiting ?? []
    if (waiting.length === 0) return []
    const from = this.#looked.get(id) ?? 0
    const anchors: Anchor[] = []
    for (let i = from; i < waiting.length; i++) {
      const next = waiting[i]
      if (next === undefined) break
      anchors.push(next.anchor)
      if (!resumed.has(next.channel)) break
    }
    this.#looked.set(id, from + anchors.length)
    return anchors
  }

  /** The anchors of everything that hangs on a channel. */
  addPending(id: ChannelId): void {
    if (this.#channels.has(id)) return
    this.#channels.add(id)
    const channel = this.#channel(id)
    if (channel === undefined) return
    const { own, peer, cancelling } = channel.party
    for (const { anchor } of own.items) this.add(anchor)
    for (const { anchor } of peer.items) this.add(anchor)
    if (cancelling.length === 0) return
    // An item that the hub has cancelled is named by the payer's, which is given back with it.
    for (const { channel: payer, otherId } of channel.origin) {
      const { items } = this.#channel(payer)?.party.peer ?? { items: [] }
      const item = items.find((other) => other.id === otherId)
      if (item !== undefined) this.add(item.anchor)
    }
  }

  #channel(id: ChannelId): HubChannel | undefined {
    return (this.#below ?? this.#state).channel(id)
  }
}
