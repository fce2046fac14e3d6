import type { Anchor, ChannelId, ChannelNumber, PublicKey } from '@tallystick/protocol'
import { ChannelPages, type PageMemory } from './channel-pages.js'
import type { HubChannel } from './hub-channel.js'
import type { HubView, HubWrites } from './hub-view.js'
import { isFinal, type Payment } from './payment.js'

/** The committed state of the hub in memory: exactly what the journal holds. */
export class HubState implements HubView {
  /** Its channels as they are kept; `commit` of the journal alone changes them. */
  readonly pages: ChannelPages
  /** Payments that go on, or that no table has yet; the journal finds all others. */
  readonly #payments = new Map<Anchor, Payment>()
  /** Payments and public anchors that the next batch asks for. */
  readonly #lookedUp = new Map<Anchor, Payment>()
  #reveals: ReadonlySet<Anchor> = new Set()

  constructor(channels: Iterable<HubChannel> = [], memory?: PageMemory) {
    this.pages = new ChannelPages(memory)
    for (const channel of channels) this.pages.put(channel)
  }

  channel(id: ChannelId): HubChannel | undefined {
    return this.pages.get(id)
  }

  channelsOf(owner: PublicKey): readonly HubChannel[] {
    return this.pages.ofOwner(owner)
  }

  channelByNumber(number: ChannelNumber): HubChannel | undefined {
    return this.pages.byNumber(number)
  }

  /** Whether a channel that this hub serves, or once did, has this client key. */
  hasClientKey(key: PublicKey): boolean {
    return this.pages.hasClientKey(key)
  }

  /** Every channel, in the order in which they came. */
  channels(): Iterable<HubChannel> {
    return this.pages.all()
  }

  busyChannels(): Iterable<HubChannel> {
    return this.pages.busy()
  }

  payment(anchor: Anchor): Payment | undefined {
    return this.#payments.get(anchor) ?? this.#lookedUp.get(anchor)
  }

  /** The payment, if it is known without asking the journal. */
  recentPayment(anchor: Anchor): Payment | undefined {
    return this.#payments.get(anchor)
  }

  isPublic(anchor: Anchor): boolean {
    return this.#reveals.has(anchor)
  }

  /** Lays out what the coming batch may ask about, and forgets what the last one did. */
  preload(payments: Iterable<Payment>, reveals: ReadonlySet<Anchor>): void {
    this.#lookedUp.clear()
    for (const payment of payments) this.#lookedUp.set(payment.anchor, payment)
    this.#reveals = reveals
  }

  /**
   * Keeps what goes on of payments that the journal has found: they are asked about at every block. What
   * was committed since the journal was asked is newer.
   */
  keep(payments: Iterable<Payment>): void {
    for (const payment of payments) {
      const { anchor } = payment
      if (!isFinal(payment) && !this.#payments.has(anchor)) this.#payments.set(anchor, payment)
    }
  }

  /** Takes over what the journal has made durable. */
  apply({ channels, payments }: HubWrites): void {
    for (const channel of channels.values()) this.pages.put(channel)
    for (const payment of payments.values()) this.#payments.set(payment.anchor, payment)
  }

  /** The payment is in a table; what has come to its end is looked up there from now on. */
  release(payment: Payment): void {
    if (isFinal(payment) && this.#payments.get(payment.anchor) === payment) {
      this.#payments.delete(payment.anchor)
    }
  }
}
