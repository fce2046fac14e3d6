import {
  type ChannelId,
  type ChannelParty,
  closeAgreementDigest,
  type HubPolicy,
  isDisputed,
  type Message,
  type MessageOf,
  type PublicKey,
  positionOf,
  type Rejection,
  signAttach,
  type Transcript,
  type TxId,
} from '@tallystick/protocol'
import type { OpenSocket } from '../ledger/open-socket.js'
import type { WalletMail } from '../letters/wallet-mail.js'
import { HubSession } from '../session/hub-session.js'
import { WalletError } from '../wallet-error.js'
import { Attachments } from './attachments.js'
import { type HubRequest, HubRequests, type LetterToPut } from './hub-requests.js'
import { type Caller, ignoreFault, type WalletCore } from './wallet-core.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import type { WalletChannel } from './wallet-records.js'
import { endTurns, resumeFrom } from './wallet-resume.js'

/** A wallet's line to its hub: the session, the channels attached to it, and open requests. */
export class HubLink {
  readonly #core: WalletCore
  readonly #url: string
  readonly #hub: PublicKey | undefined
  readonly #session: HubSession
  readonly #requests = new HubRequests()
  readonly #attachments = new Attachments()
  readonly #mail: WalletMail
  readonly #onResumed: () => void
  readonly #onAttached: () => void
  /** Channels that were resumed on this connection: where words are shared, only they are used. */
  readonly #turns = new Set<ChannelId>()
  #begun = false
  #transcript: Transcript | undefined
  #policy: HubPolicy | undefined

  constructor(
    core: WalletCore,
    options: {
      readonly url: string
      readonly hub: PublicKey | undefined
      readonly openSocket: OpenSocket
      /** Told when a channel goes on from a resume. */
      readonly onResumed: () => void
      readonly onAttached: () => void
      readonly mail: WalletMail
    },
  ) {
    this.#core = core
    this.#mail = options.mail
    this.#onResumed = options.onResumed
    this.#onAttached = options.onAttached
    this.#url = options.url
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

  /** The wallet knows what it missed: from now on channels are attached. */
  begin(): void {
    this.#begun = true
    this.attachAll()
  }

  /**
   * Kept once the hub has proved itself and every channel that both sides take up is attached. Who
   * waits for it wants to use the channels: what another device has taken over is taken back.
   */
  async connected(caller: Caller): Promise<HubPolicy> {
    this.#attachments.takeBack()
    this.attachAll()
    for (;;) {
      await this.#core.until(() => this.#policy !== undefined && this.#allSettled(), caller)
      if (this.#policy !== undefined) return this.#policy
    }
  }

  /** Channels over which can be paid now. */
  usable(): WalletChannel[] {
    return this.#core
      .channels()
      .filter(({ party }) => party.phase.kind === 'open' && this.isAttached(party.ledger.id))
  }

  isAttached(channel: ChannelId): boolean {
    return this.#attachments.phaseOf(channel) === 'attached'
  }

  /** Channels that another device has taken over. */
  get elsewhere(): readonly ChannelId[] {
    return this.#attachments.elsewhere
  }

  /** Asks the hub for liquidity; the answer is the ledger transaction that brings it. */
  ask(request: HubRequest): Promise<TxId> {
    if (!this.#session.isReady) return Promise.reject(hubAway())
    return this.#requests.ask((message) => this.say(message), request)
  }

  /** Hands a letter to the hub; kept once it is on the hub's disk. Errors: as of `ask`. */
  put(letter: LetterToPut): Promise<void> {
    const isReady = this.#session.isReady && this.usable().length > 0
    if (!isReady) return Promise.reject(hubAway())
    return this.#requests.put((message) => this.say(message), letter)
  }

  /** Says what belongs to no channel. */
  say(message: Message): void {
    this.#session.send(message)
  }

  /**
   * Attaches what is not attached, and asks the hub to resume what this wallet may have lost data of;
   * what the hub does not know yet, or could not take up, is tried again at later blocks.
   */
  attachAll(): void {
    const transcript = this.#transcript
    if (!this.#begun || transcript === undefined || !this.#session.isReady) return
    const now = this.#core.clock.nowMs()
    if (this.#attachments.isStuck(now)) return this.#session.restart()
    for (const { party, keyIndex } of this.#core.channels()) {
      const { id } = party.ledger
      if (!this.#isServed(party) || !this.#attachments.isDue(id, now)) continue
      this.#attachments.wait(id, 'asked', now)
      if (this.#lacksTurn(party)) {
        void this.#askTurn(id)
        continue
      }
      const position = positionOf(party)
      const signature = signAttach(transcript, position, this.#core.keys.channel(keyIndex))
      this.#session.send({ kind: 'attach', position, signature })
    }
  }

  /** Carries out what a durable batch wants said. */
  perform(effect: Extract<WalletEffect, { kind: 'send' | 'agreeToClose' | 'resumed' }>): void {
    switch (effect.kind) {
      case 'send':
        return this.#session.send(effect.message)
      case 'agreeToClose':
        return this.#signAgreement(effect)
      case 'resumed':
        this.#onResumed()
        return this.#attachAgain(effect.channel)
    }
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
    this.#core.submitAlone({ kind: 'agreed', agreed: { agreement, signature } })
  }

  /** Whether the channel could go on with this hub. */
  #isServed(party: ChannelParty): boolean {
    const isLeft = party.lostAt !== undefined && party.phase.kind === 'leaving'
    return !isDisputed(party) && !isLeft && party.ledger.hub.key === this.#transcript?.hub
  }

  #allSettled(): boolean {
    return this.#core
      .channels()
      .filter(({ party }) => party.phase.kind === 'open' && this.#isServed(party))
      .every(({ party }) => this.#attachments.isSettled(party.ledger.id))
  }

  #connected(transcript: Transcript, policy: HubPolicy): void {
    this.#transcript = transcript
    this.#policy = policy
    this.#core.hub.met({ key: transcript.hub, url: this.#url }).catch(ignoreFault)
    this.#core.notify({ kind: 'connected', hub: transcript.hub })
    this.attachAll()
  }

  #disconnected(reason: string): void {
    this.#policy = undefined
    this.#attachments.clear()
    this.#turns.clear()
    // A store that fails is told by itself.
    endTurns(this.#core).catch(() => undefined)
    this.#requests.interrupt()
    this.#core.notify({ kind: 'disconnected', reason })
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'granted':
        return this.#requests.granted(message)
      case 'refused':
        return this.#requests.refused(message)
      case 'letter':
        return this.#mail.hear(message)
      case 'letterKept':
        return this.#requests.kept(message)
      case 'error':
        return this.#hearRefusal(message)
      case 'attached':
        return void this.#finishAttach(message).catch(ignoreFault)
      case 'resumeAnswer':
        return void this.#takeAnswer(message).catch(ignoreFault)
      default:
        // What arrives about a channel before it is attached is sent again after it.
        if ('channel' in message && message.channel !== undefined && this.#hears(message.channel)) {
          this.#mail.submitHeard(message).catch(ignoreFault)
        }
    }
  }

  #hears(channel: ChannelId): boolean {
    const phase = this.#attachments.phaseOf(channel)
    return (phase === 'answered' || phase === 'attached') && !this.#waits(channel)
  }

  /** CH-19: whether the channel has to be resumed on this connection before it is attached. */
  #lacksTurn({ ledger: { id }, resuming }: ChannelParty): boolean {
    return this.#core.sharedWords.isSet && resuming === undefined && !this.#turns.has(id)
  }

  async #askTurn(channel: ChannelId): Promise<void> {
    try {
      const refused = await this.#core.submit({ kind: 'turnEnded', channel })
      // Where nothing may be signed any more, there is no turn to ask for.
      if (refused !== undefined) return this.#rest(channel)
    } catch {
      // A store that fails is told by itself.
      return
    }
    this.#attachAgain(channel)
  }

  /** Whether the hub was asked from where the wallet's lane goes on. */
  #waits(channel: ChannelId): boolean {
    return this.#core.state.channel(channel)?.party.resuming !== undefined
  }

  /** Whether it was asked because the wallet does not know. */
  #isLost(channel: ChannelId): boolean {
    return this.#waits(channel) && this.#core.state.channel(channel)?.party.lostAt !== undefined
  }

  #hearRefusal({ code, detail, channel }: MessageOf<'error'>): void {
    // Of channels that are not this wallet's a hub may say what it likes, and without end.
    const isOurs = channel !== undefined && this.#core.state.channel(channel) !== undefined
    if (isOurs) this.#heed(code, channel)
    // What only has to wait for a block is nobody's problem.
    const isEarly = isOurs && this.#attachments.isFirstMiss(code, channel)
    if (code !== 'resume_too_soon' && !isEarly) this.#core.problem(code, detail)
  }

  #heed(code: string, channel: ChannelId): void {
    switch (code) {
      case 'channel_unknown':
        // A channel that is new to the hub is waited for; one that was found may be nobody's.
        if (this.#core.state.channel(channel)?.books === 'lost') return this.#rest(channel)
        return this.#attachments.forget(channel)
      case 'channel_taken':
        this.#attachments.taken(channel)
        this.#turns.delete(channel)
        return void this.#meetOtherDevice(channel)
      case 'peer_lost_data':
        // By what the hub holds of this wallet's signatures, the record here is an old one.
        if (!this.#isLost(channel)) void this.#lose(channel)
        return
      case 'resume_used':
        this.#rest(channel)
        return void this.#lose(channel)
      case 'resume_too_soon':
        // The next block is as soon as it can be.
        return this.#attachments.forget(channel)
      default:
        if (this.#attachments.isPending(channel)) this.#rest(channel)
    }
  }

  async #finishAttach(message: MessageOf<'attached'>): Promise<void> {
    const { channel, resuming } = message.position
    const phase = this.#attachments.phaseOf(channel)
    // What crosses a request to resume, or was not asked for, says nothing about what to do next.
    const party = this.#core.state.channel(channel)?.party
    if (party === undefined || this.#isLost(channel) || this.#lacksTurn(party)) return
    if (phase === undefined || phase === 'resting' || phase === 'taken') return
    if (phase === 'asked') this.#attachments.wait(channel, 'answered', this.#core.clock.nowMs())
    const refused = await this.#mail.submitHeard(message)
    if (refused?.code === 'resume_too_soon') return this.#attachments.forget(channel)
    if (refused !== undefined) {
      this.#rest(channel)
      if (refused.code === 'peer_is_ahead') await this.#lose(channel, 'ask')
      return
    }
    if (this.#attachments.phaseOf(channel) !== 'answered' || resuming !== undefined) return
    if (this.#waits(channel)) return this.#attachAgain(channel)
    // The hub's lane goes on first: its next proof makes the books whole.
    if (this.#core.state.channel(channel)?.party.lostAt !== undefined) return
    this.#attachments.attached(channel)
    this.#core.changes.tell({ kind: 'books' })
    this.#onAttached()
  }

  /** The hub says from where to go on: once that is durable, the channel is attached as any other. */
  async #takeAnswer({ channel, answer }: MessageOf<'resumeAnswer'>): Promise<void> {
    if (this.#attachments.phaseOf(channel) !== 'asked' || !this.#waits(channel)) return
    this.#attachments.wait(channel, 'answered', this.#core.clock.nowMs())
    try {
      const refused = await resumeFrom(this.#core, channel, answer)
      if (refused === undefined) {
        this.#onResumed()
        // The connection may have ended in the meantime.
        if (this.#attachments.phaseOf(channel) === 'answered') this.#turns.add(channel)
        return this.#attachAgain(channel)
      }
      if (refused.code === 'resume_too_soon') return this.#attachments.forget(channel)
      this.#core.problem(refused.code, refused.detail)
      this.#rest(channel)
      // The hub grants another epoch for another request.
      if (refused.code === 'wrong_epoch' && this.#isLost(channel)) await this.#lose(channel)
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      this.#core.problem('ledger_unreachable', detail)
      this.#rest(channel)
    }
  }

  /** That there is another one, a device knows for good. */
  async #meetOtherDevice(channel: ChannelId): Promise<void> {
    // A store that fails is told by itself.
    const known = this.#core.sharedWords.set().catch(ignoreFault)
    await Promise.all([this.#lose(channel), known])
  }

  #attachAgain(channel: ChannelId): void {
    this.#attachments.forget(channel)
    this.attachAll()
  }

  /** The channel is not used for now: two at once would sign two histories. */
  #rest(channel: ChannelId): void {
    this.#attachments.rest(channel, this.#core.clock.nowMs())
    this.#core.changes.tell({ kind: 'books' })
  }

  /** Nothing is signed on the channel before the hub has answered a new request. */
  async #lose(channel: ChannelId, then?: 'ask'): Promise<void> {
    const isUsed = this.isAttached(channel) || this.#attachments.isPending(channel)
    try {
      const refused = await this.#core.submit({ kind: 'stateLost', channel, by: 'hub' })
      if (refused !== undefined || !(isUsed || then === 'ask')) return
    } catch {
      // A store that fails is told by itself.
      return
    }
    this.#attachAgain(channel)
  }
}

function hubAway(): WalletError {
  return new WalletError('hub_disconnected', 'the hub is away', { retryable: true })
}
