import {
  type ChannelId,
  type Hello,
  isRejection,
  type Message,
  type MessageOf,
  type PublicKey,
  type Rejection,
  reject,
  signSession,
  type Transcript,
  transcriptOf,
  verifyAttach,
  verifySession,
} from '@tallystick/protocol'
import type { RawData, WebSocket } from 'ws'
import {
  CONTROL_FRAMES_MAX,
  HANDSHAKE_MS,
  SESSION_CHANNELS_MAX,
  SESSION_EVENTS_BYTES_MAX,
  SESSION_EVENTS_MAX,
} from '../limits.js'
import { Inbox } from './inbox.js'
import { Patience } from './patience.js'
import { peerEventOf } from './peer-event-of.js'
import { Pulse } from './pulse.js'
import type { SessionHost } from './session-host.js'
import { CLOSE, type SessionState } from './session-state.js'

/** One client's connection: proves who is there, then turns messages into events (WIRE-*). */
export class Session {
  readonly #socket: WebSocket
  readonly #host: SessionHost
  readonly #channels = new Set<ChannelId>()
  #state: SessionState
  readonly #inbox: Inbox
  #isPaused = false
  /** Events that wait for their batch, and bytes of their frames. */
  #events = 0
  #eventsBytes = 0
  readonly #patience: Patience
  readonly #pulse = new Pulse()

  constructor(socket: WebSocket, host: SessionHost, hello: Hello) {
    this.#socket = socket
    this.#host = host
    this.#state = { phase: 'challenged', hello }
    this.#patience = new Patience(host.conduct)
    this.#inbox = new Inbox((bytes) => host.backlog.hold(bytes))
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('ping', (data) => this.#answerPing(data))
    socket.on('pong', () => this.#feel('pong'))
    socket.on('close', () => {
      this.#over()
      host.closed(this)
    })
    // The close that follows an error cleans up; the error itself is the peer's affair.
    socket.on('error', hangUp)
    this.send({ kind: 'hello', ...hello })
  }

  get isProven(): boolean {
    return this.#state.phase === 'proven'
  }

  /** What it speaks for. */
  get channels(): ReadonlySet<ChannelId> {
    return this.#channels
  }

  get hasChannels(): boolean {
    return this.#channels.size > 0
  }

  /** By what is counted what it says, whoever it says to be; absent: it speaks for no channel. */
  get countedBy(): ChannelId | undefined {
    return this.#channels.values().next().value
  }

  /** See `Backlog`. */
  get isBegun(): boolean {
    return this.#inbox.isBegun
  }

  get unreadBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Says it together with what else is said in this turn. Who is told too often what was wrong has to go. */
  send(message: Message): void {
    if (this.#state.phase === 'over') return
    const isNo = message.kind === 'error' || message.kind === 'refused'
    if (!isNo || this.#bears()) this.#host.outbox.say(this, message)
  }

  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#socket.send(this.#host.slowReaders.frameFor(this, frame))
    this.#host.slowReaders.note(this)
  }

  /** A client that reads too slowly is hung up on, and syncs when it is back. */
  cutOff(): void {
    this.#socket.terminate()
  }

  /** Tells the client why, and hangs up. */
  end({ code, detail }: Rejection): void {
    if (this.#state.phase === 'over') return
    this.#sayError({ code, detail }, undefined)
    this.#host.outbox.flush(this)
    this.#socket.close(CLOSE.policy, code.slice(0, 64))
    this.#over()
  }

  /** Has to go, so that somebody else can come. */
  giveWay(): void {
    const detail = 'who speaks for no channel gives way where connections are short'
    this.end(reject('too_many_sessions', detail))
    // Whoever is told to hang up may take its time; a place that is needed is needed now.
    this.#socket.terminate()
  }

  /** Something that it said led to nothing. */
  idle(): void {
    this.#bears()
  }

  /** Hangs up because the hub stops. */
  leave(): void {
    this.#host.outbox.flush(this)
    this.#socket.close(CLOSE.goingAway, 'hub_stops')
    this.#over()
  }

  /** Is heard on the channel no more, and told why; its other channels go on. */
  release(channel: ChannelId, why: Pick<Rejection, 'code' | 'detail'>): void {
    this.#channels.delete(channel)
    this.#host.outbox.retract(this, channel)
    this.#sayError(why, channel)
  }

  /** A connection that answers no ping for a whole round is dead and costs nothing any more. */
  beat(): void {
    if (this.#pulse.beat(this.#isPaused)) this.#socket.ping()
    else this.#socket.terminate()
  }

  timeOut(): void {
    this.end(reject('handshake_timeout', `answer the challenge in ${HANDSHAKE_MS} ms`))
  }

  /** Its turn has come (see `Backlog`). */
  hearNext(): void {
    while (this.#mayHear()) {
      const message = this.#inbox.take()
      if (message === undefined) break
      if (isRejection(message)) return this.end(message)
      this.#take(message)
    }
    this.#goOn()
  }

  #sayError({ code, detail }: Pick<Rejection, 'code' | 'detail'>, channel: ChannelId | undefined) {
    const said = { code: code.slice(0, 64), detail: detail.slice(0, 256), channel }
    this.#host.outbox.say(this, { kind: 'error', ...said })
  }

  #over(): void {
    if (this.#state.phase === 'over') return
    this.#state = { phase: 'over' }
    this.#inbox.clear()
    for (const channel of this.#channels) this.#host.detach(channel, this)
    this.#host.ended(this)
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state.phase === 'over') {
      if (!this.#patience.mayBeLate()) this.#socket.terminate()
      return
    }
    if (!isBinary || !Buffer.isBuffer(data)) {
      return this.end(reject('malformed', 'messages are in binary frames'))
    }
    this.#inbox.push(new Uint8Array(data.buffer, data.byteOffset, data.length))
    // Who waits for its turn has said something already that comes first.
    if (!this.#isPaused) this.hearNext()
  }

  #take(message: Message): void {
    switch (this.#state.phase) {
      case 'challenged':
        return this.#prove(this.#state.hello, message)
      case 'proven':
        return this.#hear(this.#state.transcript, message)
      case 'over':
        return
    }
  }

  #prove(hello: Hello, message: Message): void {
    if (message.kind !== 'auth') {
      return this.end(reject('not_authenticated', 'the challenge must be answered first'))
    }
    const transcript = transcriptOf(hello, message)
    if (!verifySession('client', transcript, message.signature)) {
      const detail = 'the challenge is answered with a wrong signature'
      return this.end(reject('bad_session_signature', detail))
    }
    this.#state = { phase: 'proven', transcript }
    const signature = signSession('hub', transcript, this.#host.signer)
    this.send({ kind: 'welcome', signature, policy: this.#host.policy })
    this.#host.proven(this)
  }

  #hear({ client }: Transcript, message: Message): void {
    switch (message.kind) {
      case 'attach':
        return this.#attach(message)
      case 'update':
      case 'stored':
      case 'claim':
      case 'decline':
      case 'closeIntent':
      case 'closeAgreed':
      case 'withdrawAgreed': {
        const { channel, event } = peerEventOf(message)
        if (this.#isAttached(channel)) this.#await(this.#host.submit(client, event))
        return
      }
      case 'resumeAnswer':
        if (this.#isAttached(message.channel) && this.#mayAttach(client, message.channel)) {
          this.#host.conduct.hasAttached(message.channel)
          this.#await(this.#host.resume(client, message))
        }
        return
      case 'openRequest':
        if (this.#mayRequest(client, message)) this.#host.requestOpen(this, client, message)
        return
      case 'inboundRequest':
        if (this.#isAttached(message.channel) && this.#mayRequest(client, message)) {
          this.#host.requestInbound(this, client, message)
        }
        return
      case 'putLetter':
      case 'lettersTaken':
        return this.#await(this.#host.mail(this, client, message))
      case 'error':
        if (this.#bears()) this.#host.complaint(this, message)
        return
      case 'hello':
      case 'auth':
      case 'welcome':
      case 'attached':
      case 'closeOffer':
      case 'granted':
      case 'refused':
      case 'letter':
      case 'letterKept':
        return this.end(reject('unexpected_message', `a client does not say ${message.kind} now`))
    }
  }

  #attach({ position, signature }: MessageOf<'attach'>): void {
    if (this.#state.phase !== 'proven') return
    const { transcript } = this.#state
    const { channel } = position
    const key = this.#host.clientKeyOf(channel)
    if (key === undefined) {
      const detail = `this hub does not serve channel ${channel} (yet)`
      return this.send({ kind: 'error', code: 'channel_unknown', detail, channel })
    }
    if (!this.#mayAttach(transcript.client, channel)) return
    if (!verifyAttach(transcript, position, key, signature)) {
      const detail = 'the channel key did not sign for this session'
      return this.end(reject('bad_attach_signature', detail))
    }
    this.#host.conduct.hasAttached(channel)
    if (!this.#hasPlaceFor(channel)) {
      const detail = `a session has at most ${SESSION_CHANNELS_MAX} channels`
      return this.end(reject('too_many_channels', detail))
    }
    this.#channels.add(channel)
    const owner = transcript.client
    const submit = () => this.#host.submit(owner, { kind: 'attached', owner, position })
    // MAIL-2: what letters say of a payment is known before the payment comes.
    const handed = this.#host.attach(channel, this, owner)
    this.#await(handed === undefined ? submit() : handed.then(submit))
  }

  /** Channels that are over are looked for only where places are short. */
  #hasPlaceFor(channel: ChannelId): boolean {
    if (this.#channels.has(channel)) return true
    if (this.#channels.size < SESSION_CHANNELS_MAX) return true
    for (const other of this.#channels) {
      if (!this.#host.isOver(other)) continue
      this.#channels.delete(other)
      this.#host.detach(other, this)
    }
    return this.#channels.size < SESSION_CHANNELS_MAX
  }

  #isAttached(channel: ChannelId): boolean {
    if (this.#channels.has(channel)) return true
    const detail = `attach channel ${channel} to this session first`
    this.send({ kind: 'error', code: 'channel_not_attached', detail, channel })
    return false
  }

  #mayAttach(client: PublicKey, channel: ChannelId): boolean {
    if (this.#host.conduct.mayAttach(client, channel)) return true
    const detail = 'this client attaches too often, or has misused the channel just now'
    this.send({ kind: 'error', code: 'attach_too_soon', detail, channel })
    return false
  }

  #mayRequest(client: PublicKey, { request }: { readonly request: number }): boolean {
    if (this.#host.conduct.mayRequest(this.countedBy ?? client)) return true
    const detail = 'one request a second in the long run; ask again later'
    this.send({ kind: 'refused', request, code: 'too_many_requests', detail })
    return false
  }

  /** Whether one thing more that leads to nothing is borne; if not, the session is over. */
  #bears(): boolean {
    if (this.#state.phase !== 'proven') return true
    const { client } = this.#state.transcript
    if (this.#patience.mayBeRefused(client, this.countedBy)) return true
    this.#host.misbehaved(this)
    const detail = 'too much of what this client says is refused or changes nothing; mend it'
    this.end(reject('too_many_errors', detail))
    return false
  }

  /** Whether this session may have another event waiting, as far as its own go. */
  #hasRoom(): boolean {
    const isFew = this.#events < SESSION_EVENTS_MAX && this.#eventsBytes < SESSION_EVENTS_BYTES_MAX
    return isFew && (this.#events === 0 || this.#host.backlog.hasRoomBeside(this.#events))
  }

  /** Who has proved nothing makes no events. */
  #mayHear(): boolean {
    const { backlog } = this.#host
    switch (this.#state.phase) {
      case 'challenged':
        return true
      case 'proven':
        return (
          this.#hasRoom() &&
          backlog.hasRoomBeside(this.#events) &&
          (this.isBegun || backlog.hasRoomForFrame)
        )
      case 'over':
        return false
    }
  }

  /** Work that came of a message: while too much waits, the socket is not read. */
  #await(work: Promise<void>): void {
    const bytes = this.#inbox.messageBytes
    this.#events++
    this.#eventsBytes += bytes
    this.#host.backlog.enter(bytes)
    void work.then(() => {
      this.#events--
      this.#eventsBytes -= bytes
      this.#host.backlog.leave(bytes)
      this.#goOn()
    })
  }

  /** Reads on where all was heard and more may be; else waits. */
  #goOn(): void {
    if (this.#state.phase === 'over') return
    const isPaused = !this.#inbox.isEmpty || !this.#mayHear()
    if (isPaused !== this.#isPaused) {
      this.#isPaused = isPaused
      if (isPaused) this.#socket.pause()
      else this.#socket.resume()
    }
    // Its own events let it go on where they are too many; else its turn does.
    if (isPaused && this.#hasRoom()) this.#host.backlog.queue(this)
  }

  #answerPing(data: Buffer): void {
    this.#feel('ping')
    if (this.#state.phase !== 'over') this.#socket.pong(data)
  }

  #feel(kind: 'ping' | 'pong'): void {
    if (!this.#pulse.hear(kind)) return
    const detail = `at most ${CONTROL_FRAMES_MAX} from one ping of the hub to the next`
    this.end(reject('too_many_pings', detail))
  }
}

/** One function for all sockets: what each has of its own is paid for ten thousand times. */
function hangUp(this: WebSocket): void {
  this.terminate()
}
