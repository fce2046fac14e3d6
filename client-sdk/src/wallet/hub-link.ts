import {
  type ChannelId,
  closeAgreementDigest,
  type HubPolicy,
  isDisputed,
  type Message,
  type PublicKey,
  positionOf,
  type Rejection,
  signAttach,
  type Transcript,
  type TxId,
} from '@tallystick/protocol'
import type { OpenSocket } from '../ledger/open-socket.js'
import { HubSession } from '../session/hub-session.js'
import { WalletError } from '../wallet-error.js'
import { type HubRequest, HubRequests } from './hub-requests.js'
import type { Caller, WalletCore } from './wallet-core.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import type { WalletChannel } from './wallet-records.js'

/** Milliseconds after which a hub that answers an attach with nothing is connected to afresh. */
const ATTACH_MS = 10_000

/** What the hub says of a channel that then rests: taken up elsewhere, or positions that do not fit. */
const RESTING = new Set(['channel_taken', 'peer_lost_data', 'peer_is_ahead'])

/** A wallet's line to its hub: the session, the channels attached to it, and open requests. */
export class HubLink {
  readonly #core: WalletCore
  readonly #hub: PublicKey | undefined
  readonly #session: HubSession
  readonly #requests = new HubRequests()
  readonly #attached = new Set<ChannelId>()
  /** Channels whose attach is on its way over this connection. */
  readonly #asked = new Set<ChannelId>()
  /** When an attach was sent that the hub has not answered, milliseconds. */
  readonly #waitingSince = new Map<ChannelId, number>()
  /** Channels that the hub has answered for on this connection: only now does the rest follow on. */
  readonly #answered = new Set<ChannelId>()
  /** Channels that one of the two sides does not take up on this connection. */
  readonly #unfit = new Set<ChannelId>()
  #transcript: Transcript | undefined
  #policy: HubPolicy | undefined

  constructor(
    core: WalletCore,
    options: {
      readonly url: string
      readonly hub: PublicKey | undefined
      readonly openSocket: OpenSocket
    },
  ) {
    this.#core = core
    this.#hub = options.hub
    this.#session = new HubSession({
      ...options,
      chainId: core.feed.ledger.chainId,
      identity: core.keys.identity,
      randomBytes: core.randomBytes,
      clock: core.clock,
      handlers: {
        onReady: (transcript, policy) => this.#connected(transcript, policy),
        onMessage: (message) => this.#hear(message),
        onDown: (reason) => this.#disconnected(reason),
      },
    })
  }

  /** The hub that this wallet keeps to. Errors: `hub_disconnected` while none has answered. */
  get hub(): PublicKey {
    const hub = this.#transcript?.hub ?? this.#hub
    if (hub !== undefined) return hub
    throw new WalletError('hub_disconnected', 'no hub has answered yet', { retryable: true })
  }

  /** Kept once the hub has proved itself and every channel that both sides take up is attached. */
  async connected(caller: Caller): Promise<HubPolicy> {
    for (;;) {
      await this.#core.until(() => this.#policy !== undefined && this.#allAttached(), caller)
      if (this.#policy !== undefined) return this.#policy
    }
  }

  /** Channels over which can be paid now. */
  usable(): WalletChannel[] {
    return this.#core
      .channels()
      .filter(({ party }) => party.phase.kind === 'open' && this.#attached.has(party.ledger.id))
  }

  isAttached(channel: ChannelId): boolean {
    return this.#attached.has(channel)
  }

  /** Asks the hub for liquidity; the answer is the ledger transaction that brings it. */
  ask(request: HubRequest): Promise<TxId> {
    if (!this.#session.isReady) {
      const error = new WalletError('hub_disconnected', 'the hub is away', { retryable: true })
      return Promise.reject(error)
    }
    return this.#requests.ask((message) => this.#session.send(message), request)
  }

  /** Attaches what is not attached; what the hub does not know yet is tried again at every block. */
  attachAll(): void {
    const transcript = this.#transcript
    if (transcript === undefined || !this.#session.isReady) return
    const now = this.#core.clock.nowMs()
    if ([...this.#waitingSince.values()].some((since) => now - since > ATTACH_MS)) {
      this.#session.restart()
      return
    }
    for (const { party, keyIndex, books } of this.#core.channels()) {
      const { id } = party.ledger
      if (books === 'lost' || isDisputed(party) || this.#attached.has(id) || this.#asked.has(id))
        continue
      this.#asked.add(id)
      this.#waitingSince.set(id, now)
      const position = positionOf(party)
      const signature = signAttach(transcript, position, this.#core.keys.channel(keyIndex))
      this.#session.send({ kind: 'attach', position, signature })
    }
  }

  /** Carries out what a durable batch wants said. */
  perform(effect: Extract<WalletEffect, { kind: 'send' | 'agreeToClose' }>): void {
    if (effect.kind === 'send') this.#session.send(effect.message)
    else this.#signAgreement(effect)
  }

  /** The hub said what a rule forbids: what it says from here on would not fit either. */
  refuse(event: WalletEvent, { code, detail }: Rejection): void {
    if (event.kind !== 'heard') return
    this.#core.problem(code, detail)
    // A channel whose books do not fit together stays away; another session would find the same.
    if (event.message.kind !== 'attached') this.#session.restart()
  }

  stop(): void {
    this.#session.stop()
  }

  #signAgreement({
    channel,
    clientPayout,
    validUntil,
  }: Extract<WalletEffect, { kind: 'agreeToClose' }>): void {
    const held = this.#core.state.channel(channel)
    if (held === undefined) return
    const agreement = { channel, clientPayout, validUntil }
    const digest = closeAgreementDigest(this.#core.feed.ledger.chainId, agreement)
    const signature = this.#core.keys.channel(held.keyIndex).sign(digest)
    void this.#core.submit({ kind: 'agreed', agreed: { agreement, signature } })
  }

  #allAttached(): boolean {
    return this.#core
      .channels()
      .filter(({ party }) => party.phase.kind === 'open' && !isDisputed(party))
      .every(({ party: { ledger } }) => this.#attached.has(ledger.id) || this.#unfit.has(ledger.id))
  }

  #connected(transcript: Transcript, policy: HubPolicy): void {
    this.#transcript = transcript
    this.#policy = policy
    this.#core.notify({ kind: 'connected', hub: transcript.hub })
    this.attachAll()
  }

  #disconnected(reason: string): void {
    this.#policy = undefined
    this.#attached.clear()
    this.#asked.clear()
    this.#answered.clear()
    this.#unfit.clear()
    this.#waitingSince.clear()
    this.#requests.interrupt()
    this.#core.notify({ kind: 'disconnected', reason })
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'granted':
        return this.#requests.granted(message)
      case 'refused':
        return this.#requests.refused(message)
      case 'error':
        if (message.code === 'channel_unknown' && message.channel !== undefined) {
          this.#asked.delete(message.channel)
          this.#waitingSince.delete(message.channel)
        }
        if (message.channel !== undefined && RESTING.has(message.code)) {
          this.#rest(message.channel)
          // By what the hub holds of this wallet's signatures, the record here is an old one.
          if (message.code === 'peer_lost_data') this.#lose(message.channel)
        }
        return this.#core.problem(message.code, message.detail)
      case 'attached':
        this.#answered.add(message.position.channel)
        // A store that fails is told by itself.
        this.#finishAttach(message).catch(() => undefined)
        return
      default:
        // What arrives about a channel before it is attached is sent again after it.
        if (
          'channel' in message &&
          message.channel !== undefined &&
          this.#answered.has(message.channel)
        ) {
          void this.#core.submit({ kind: 'heard', message })
        }
    }
  }

  async #finishAttach(message: Extract<Message, { kind: 'attached' }>): Promise<void> {
    const refused = await this.#core.submit({ kind: 'heard', message })
    if (refused !== undefined) {
      this.#rest(message.position.channel)
      if (refused.code === 'peer_is_ahead') this.#lose(message.position.channel)
      return
    }
    if (!this.#asked.has(message.position.channel)) return
    this.#attached.add(message.position.channel)
    this.#waitingSince.delete(message.position.channel)
    this.#core.changes.tell({ kind: 'books' })
  }

  /** The channel is not used on this connection: two at once would sign two histories. */
  #rest(channel: ChannelId): void {
    this.#attached.delete(channel)
    this.#answered.delete(channel)
    this.#waitingSince.delete(channel)
    this.#unfit.add(channel)
    this.#core.changes.tell({ kind: 'books' })
  }

  #lose(channel: ChannelId): void {
    if (this.#core.state.channel(channel)?.books !== 'whole') return
    // A store that fails is told by itself.
    this.#core.submit({ kind: 'stateLost', channel }).catch(() => undefined)
  }
}
