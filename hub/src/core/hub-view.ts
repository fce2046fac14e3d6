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

type Written = {
  readonly channels: Map<ChannelId, HubChannel>
  /** Channels that have another owner than before. */
  readonly handedOver: Set<ChannelId>
  readonly payments: Map<Anchor, Payment>
  readonly reveals: Set<Anchor>
}

/**
 * A batch's writes above the committed state, or above those of a batch that is being committed: dropped
 * whole if a commit fails.
 */
export class HubOverlay implements HubView {
  readonly #base: HubView
  readonly #below: Written | undefined
  readonly #written: Written = {
    channels: new Map(),
    handedOver: new Set(),
    payments: new Map(),
    reveals: new Set(),
  }

  /** `below`: a batch that is not in `base` yet; the one before it is. */
  constructor(base: HubView, below?: HubOverlay) {
    this.#base = base
    this.#below = below === undefined ? undefined : below.#written
  }

  channel(id: ChannelId): HubChannel | undefined {
    return this.#newer(id) ?? this.#base.channel(id)
  }

  channelsOf(owner: PublicKey): readonly HubChannel[] {
    const held = this.#base
      .channelsOf(owner)
      .map((channel) => this.#newer(idOf(channel)) ?? channel)
    const handedOver = [...this.#written.handedOver, ...(this.#below?.handedOver ?? [])]
    if (handedOver.length === 0) return held
    const others = handedOver.flatMap((id) => this.#newer(id) ?? [])
    return [...new Set([...held, ...others])].filter((channel) => channel.owner === owner)
  }

  *busyChannels(): Iterable<HubChannel> {
    for (const channel of this.#base.busyChannels()) {
      if (this.#newer(idOf(channel)) === undefined) yield channel
    }
    const newer = new Map([...(this.#below?.channels ?? []), ...this.#written.channels])
    yield* newer.values()
  }

  payment(anchor: Anchor): Payment | undefined {
    return (
      this.#written.payments.get(anchor) ??
      this.#below?.payments.get(anchor) ??
      this.#base.payment(anchor)
    )
  }

  isPublic(anchor: Anchor): boolean {
    return (
      this.#written.reveals.has(anchor) ||
      this.#below?.reveals.has(anchor) === true ||
      this.#base.isPublic(anchor)
    )
  }

  setChannel(channel: HubChannel): void {
    const id = idOf(channel)
    if (this.channel(id)?.owner !== channel.owner) this.#written.handedOver.add(id)
    this.#written.channels.set(id, channel)
  }

  setPublic(anchor: Anchor): void {
    this.#written.reveals.add(anchor)
  }

  setPayment(payment: Payment): void {
    this.#written.payments.set(payment.anchor, payment)
  }

  writes(): HubWrites {
    return this.#written
  }

  #newer(id: ChannelId): HubChannel | undefined {
    return this.#written.channels.get(id) ?? this.#below?.channels.get(id)
  }
}
