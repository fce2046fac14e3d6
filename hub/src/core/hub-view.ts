import type { Anchor, ChannelId, PublicKey } from '@tallystick/protocol'
import { type HubChannel, idOf } from './hub-channel.js'
import type { Payment } from './payment.js'

/** What the core may read. */
export type HubView = {
  channel(id: ChannelId): HubChannel | undefined
  /** Channels whose client has this identity key. */
  channelsOf(owner: PublicKey): readonly HubChannel[]
  /** Channels with items, debts or a close agreement: the only ones that time concerns. */
  busyChannels(): Iterable<HubChannel>
  payment(anchor: Anchor): Payment | undefined
  /** Whether the ledger has recorded a link of this anchor, at whatever time. */
  isPublic(anchor: Anchor): boolean
}

/** What a batch of events changes; stored in one journal transaction. */
export type HubWrites = {
  readonly channels: ReadonlyMap<ChannelId, HubChannel>
  readonly payments: ReadonlyMap<Anchor, Payment>
  /** Anchors that have become public. */
  readonly reveals: ReadonlySet<Anchor>
}

/** A batch's writes above the committed state: dropped whole if the commit fails. */
export class HubOverlay implements HubView {
  readonly #base: HubView
  readonly #channels = new Map<ChannelId, HubChannel>()
  /** Channels that have another owner than in the committed state. */
  readonly #handedOver = new Set<ChannelId>()
  readonly #payments = new Map<Anchor, Payment>()
  readonly #reveals = new Set<Anchor>()

  constructor(base: HubView) {
    this.#base = base
  }

  channel(id: ChannelId): HubChannel | undefined {
    return this.#channels.get(id) ?? this.#base.channel(id)
  }

  channelsOf(owner: PublicKey): readonly HubChannel[] {
    const held = this.#base
      .channelsOf(owner)
      .map((channel) => this.#channels.get(idOf(channel)) ?? channel)
    if (this.#handedOver.size === 0) return held
    const others = [...this.#handedOver].flatMap((id) => this.#channels.get(id) ?? [])
    return [...new Set([...held, ...others])].filter((channel) => channel.owner === owner)
  }

  *busyChannels(): Iterable<HubChannel> {
    for (const channel of this.#base.busyChannels()) {
      if (!this.#channels.has(idOf(channel))) yield channel
    }
    yield* [...this.#channels.values()]
  }

  payment(anchor: Anchor): Payment | undefined {
    return this.#payments.get(anchor) ?? this.#base.payment(anchor)
  }

  isPublic(anchor: Anchor): boolean {
    return this.#reveals.has(anchor) || this.#base.isPublic(anchor)
  }

  setChannel(channel: HubChannel): void {
    const id = idOf(channel)
    const before = this.#channels.get(id) ?? this.#base.channel(id)
    if (before?.owner !== channel.owner) this.#handedOver.add(id)
    this.#channels.set(id, channel)
  }

  setPublic(anchor: Anchor): void {
    this.#reveals.add(anchor)
  }

  setPayment(payment: Payment): void {
    this.#payments.set(payment.anchor, payment)
  }

  writes(): HubWrites {
    return { channels: this.#channels, payments: this.#payments, reveals: this.#reveals }
  }
}
