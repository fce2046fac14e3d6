import {
  type ChannelId,
  type Hello,
  isRejection,
  type Message,
  type MessageOf,
  type PublicKey,
  parseFrame,
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
import { peerEventOf } from './peer-event-of.js'
import type { SessionHost } from './session-host.js'

/** WebSocket close codes (RFC 6455 §7.4.1). */
const CLOSE = { normal: 1000, goingAway: 1001, policy: 1008 } as const

type SessionState =
  | { readonly phase: 'challenged'; readonly hello: Hello }
  | { readonly phase: 'proven'; readonly transcript: Transcript }
  | { readonly phase: 'over' }

/** One client's connection: proves who is there, then turns messages into events (WIRE-*). */
export class Session {
  readonly #socket: WebSocket
  readonly #host: SessionHost
  readonly #channels = new Set<ChannelId>()
  #state: SessionState
  /** Frames that were read already when the socket was paused: at most what one read has brought. */
  #inbox: Uint8Array[] = []
  #isPaused = false
  /** Events that wait for their batch, and bytes of their frames. */
  #events = 0
  #eventsBytes = 0
  /** Bytes of the frame that is being heard, for each of its messages. */
  #messageBytes = 0
  /** Whether the last ping was answered. */
  #isAlive = true
  #controlFrames = 0

  constructor(socket: WebSocket, host: SessionHost, hello: Hello) {
    this.#socket = socket
    this.#host = host
    this.#state = { phase: 'challenged', hello }
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('ping', (data) => this.#answerPing(data))
    socket.on('pong', () => {
      this.#isAlive = true
      this.#countControlFrame()
    })
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

  get unreadBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Says it together with what else is said in this turn. Who is told too often what was wrong has to go. */
  send(message: Message): void {
    if (this.#state.phase === 'over') return
    if (message.kind !== 'error' || this.#mayBeRefused()) this.#host.outbox.say(this, message)
    else this.#endForRefusals()
  }

  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#socket.send(frame)
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
    // An answer that is not read says nothing about who sent it.
    if (!this.#isAlive && !this.#isPaused) return this.#socket.terminate()
    this.#isAlive = this.#isPaused
    this.#controlFrames = 0
    this.#socket.ping()
  }

  timeOut(): void {
    this.end(reject('handshake_timeout', `answer the challenge in ${HANDSHAKE_MS} ms`))
  }

  /** Its turn has come (see `Backlog`). */
  hearNext(): void {
    if (this.#state.phase === 'over' || !this.#hasRoom()) return
    const frame = this.#inbox.shift()
    if (frame !== undefined) this.#hearFrame(frame)
    this.#goOn()
  }

  #sayError({ code, detail }: Pick<Rejection, 'code' | 'detail'>, channel: ChannelId | undefined) {
    const message = {
      kind: 'error',
      code: code.slice(0, 64),
      detail: cut(detail),
      channel,
    } as const
    this.#host.outbox.say(this, message)
  }

  #over(): void {
    if (this.#state.phase === 'over') return
    this.#state = { phase: 'over' }
    this.#inbox = []
    for (const channel of this.#channels) this.#host.detach(channel, this)
    this.#host.ended(this)
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state.phase === 'over') return
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.end(reject('malformed', 'messages are in binary frames'))
      return
    }
    const frame = new Uint8Array(data.buffer, data.byteOffset, data.length)
    if (this.#inbox.length === 0 && this.#mayHear()) return this.#hearFrame(frame)
    this.#inbox.push(frame)
    this.#pause()
  }

  #hearFrame(frame: Uint8Array): void {
    const messages = parseFrame(frame)
    if (isRejection(messages)) return this.end(messages)
    this.#messageBytes = Math.ceil(frame.length / messages.length)
    for (const message of messages) this.#take(message)
    if (!this.#mayHear()) this.#pause()
  }

  /** What is said behind a word that ended the session is not heard. */
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
      this.end(reject('not_authenticated', 'the challenge must be answered first'))
      return
    }
    const transcript = transcriptOf(hello, message)
    if (!verifySession('client', transcript, message.signature)) {
      this.end(reject('bad_session_signature', 'the challenge is answered with a wrong signature'))
      return
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
      case 'closeAgreed': {
        const { channel, event } = peerEventOf(message)
        if (this.#isAttached(channel)) this.#await(this.#host.submit(client, event))
        return
      }
      case 'resumeAnswer':
        if (this.#isAttached(message.channel) && this.#mayAttach(client, message.channel)) {
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
      case 'error':
        if (this.#mayBeRefused()) return this.#host.complaint(this, message)
        return this.#endForRefusals()
      case 'hello':
      case 'auth':
      case 'welcome':
      case 'attached':
      case 'closeOffer':
      case 'granted':
      case 'refused':
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
      this.send({ kind: 'error', code: 'channel_unknown', detail, channel })
      return
    }
    if (!this.#mayAttach(transcript.client, channel)) return
    if (!verifyAttach(transcript, position, key, signature)) {
      this.end(reject('bad_attach_signature', 'the channel key did not sign for this session'))
      return
    }
    if (!this.#hasPlaceFor(channel)) {
      this.end(
        reject('too_many_channels', `a session has at most ${SESSION_CHANNELS_MAX} channels`),
      )
      return
    }
    this.#channels.add(channel)
    this.#host.attach(channel, this)
    const owner = transcript.client
    this.#await(this.#host.submit(owner, { kind: 'attached', owner, position }))
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
    const detail = 'this client attaches too often, or sent a proof with a wrong signature just now'
    this.send({ kind: 'error', code: 'attach_too_soon', detail, channel })
    return false
  }

  #mayRequest(client: PublicKey, { request }: { readonly request: number }): boolean {
    if (this.#host.conduct.mayRequest(client)) return true
    const detail = 'one request a second in the long run; ask again later'
    this.send({ kind: 'refused', request, code: 'too_many_requests', detail })
    return false
  }

  #mayBeRefused(): boolean {
    if (this.#state.phase !== 'proven') return true
    return this.#host.conduct.mayBeRefused(this.#state.transcript.client)
  }

  #endForRefusals(): void {
    const detail = 'too much of what this client says is refused; come back when it is mended'
    this.end(reject('too_many_errors', detail))
  }

  /** Whether this session has room for the events of another frame; who has proved nothing makes none. */
  #hasRoom(): boolean {
    return this.#events < SESSION_EVENTS_MAX && this.#eventsBytes < SESSION_EVENTS_BYTES_MAX
  }

  #mayHear(): boolean {
    return this.#hasRoom() && (this.#host.backlog.hasRoom || this.#state.phase !== 'proven')
  }

  /** Work that came of a message: while too much waits, the socket is not read. */
  #await(work: Promise<void>): void {
    const bytes = this.#messageBytes
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

  #pause(): void {
    if (this.#isPaused || this.#state.phase === 'over') return
    this.#isPaused = true
    this.#socket.pause()
    // Its own events let it go on where they are too many; else its turn does.
    if (this.#hasRoom()) this.#host.backlog.queue(this)
  }

  #goOn(): void {
    if (!this.#isPaused || this.#state.phase === 'over' || !this.#hasRoom()) return
    if (this.#inbox.length > 0 || !this.#mayHear()) return this.#host.backlog.queue(this)
    this.#isPaused = false
    this.#socket.resume()
  }

  #answerPing(data: Buffer): void {
    this.#countControlFrame()
    if (this.#state.phase !== 'over') this.#socket.pong(data)
  }

  #countControlFrame(): void {
    this.#controlFrames++
    if (this.#controlFrames <= CONTROL_FRAMES_MAX) return
    this.end(
      reject(
        'too_many_pings',
        `at most ${CONTROL_FRAMES_MAX} from one ping of the hub to the next`,
      ),
    )
  }
}

/** One function for all sockets: what each has of its own is paid for ten thousand times. */
function hangUp(this: WebSocket): void {
  this.terminate()
}

function cut(detail: string): string {
  return detail.slice(0, 256)
}
