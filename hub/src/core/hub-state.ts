import type { Anchor, ChannelId, ChannelNumber, PublicKey } from '@tallystick/protocol'
import { type HubChannel, idOf } from './hub-channel.js'
import type { HubView, HubWrites } from './hub-view.js'
import type { Payment } from './payment.js'

/** The committed state of the hub in memory: exactly what the journal holds. */
export class HubState implements HubView {
  readonly #channels = new Map<ChannelId, HubChannel>()
  readonly #byNumber = new Map<ChannelNumber, ChannelId>()
  readonly #byOwner = new Map<PublicKey, Set<ChannelId>>()
  readonly #busy = new Set<ChannelId>()
  readonly #clientKeys = new Set<PublicKey>()
  /** Payments and public anchors that the next batch asks for; the journal holds the rest. */
  readonly #payments = new Map<Anchor, Payment>()
  #reveals: ReadonlySet<Anchor> = new Set()

  constructor(channels: Iterable<HubChannel>) {
    for (const channel of channels) this.#keep(channel)
  }

  channel(id: ChannelId): HubChannel | undefined {
    return this.#channels.get(id)
  }

  channelByNumber(number: ChannelNumber): HubChannel | undefined {
    const id = this.#byNumber.get(number)
    return id === undefined ? undefined : this.#channels.get(id)
  }

  channelsOf(owner: PublicKey): readonly HubChannel[] {
    return [...(this.#byOwner.get(owner) ?? [])].flatMap((id) => this.#channels.get(id) ?? [])
  }

  /** Whether a channel that this hub serves, or once did, has this client key. */
  hasClientKey(key: PublicKey): boolean {
    return this.#clientKeys.has(key)
  }

  *busyChannels(): Iterable<HubChannel> {
    for (const id of this.#busy) {
      const channel = this.#channels.get(id)
      if (channel !== undefined) yield channel
    }
  }

  channels(): Iterable<HubChannel> {
    return this.#channels.values()
  }

  payment(anchor: Anchor): Payment | undefined {
    return this.#payments.get(anchor)
  }

  isPublic(anchor: Anchor): boolean {
    return this.#reveals.has(anchor)
  }

  /** Lays out what the coming batch may ask about, and forgets what the last one did. */
  preload(payments: Iterable<Payment>, reveals: ReadonlySet<Anchor>): void {
    this.#payments.clear()
    for (const payment of payments) this.#payments.set(payment.anchor, payment)
    this.#reveals = reveals
  }

  /** Takes over what the journal has made durable. */
  apply({ channels }: HubWrites): void {
    for (const channel of channels.values()) this.#keep(channel)
  }

  #keep(channel: HubChannel): void {
    const id = idOf(channel)
    const before = this.#channels.get(id)
    if (before?.owner !== undefined && before.owner !== channel.owner) {
      this.#byOwner.get(before.owner)?.delete(id)
    }
    this.#channels.set(id, channel)
    this.#clientKeys.add(channel.party.ledger.client.key)
    this.#byNumber.set(channel.party.ledger.number, id)
    if (channel.owner !== undefined) {
      const owned = this.#byOwner.get(channel.owner) ?? new Set()
      this.#byOwner.set(channel.owner, owned.add(id))
    }
    if (isBusy(channel)) this.#busy.add(id)
    else this.#busy.delete(id)
  }
}

function isBusy({ party }: HubChannel): boolean {
  if (party.phase.kind === 'closed') return false
  return (
    party.own.items.length > 0 ||
    party.peer.items.length > 0 ||
    party.owed.length > 0 ||
    party.phase.kind === 'agreed' ||
    party.ledger.status.kind === 'closing'
  )
}
