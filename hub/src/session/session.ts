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
import type { PeerEvent } from '../core/hub-event.js'
import {
  HANDSHAKE_MS,
  SESSION_BUFFER_BYTES_MAX,
  SESSION_CHANNELS_MAX,
  SESSION_EVENTS_MAX,
} from '../limits.js'
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
  readonly #cancelTimeout: () => void
  #state: SessionState
  #waiting = 0

  constructor(socket: WebSocket, host: SessionHost, hello: Hello) {
    this.#socket = socket
    this.#host = host
    this.#state = { phase: 'challenged', hello }
    this.#cancelTimeout = host.clock.after(HANDSHAKE_MS, () =>
      this.end(reject('handshake_timeout', `answer the challenge in ${HANDSHAKE_MS} ms`)),
    )
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('close', () => this.#over())
    // The close that follows an error cleans up; the error itself is the peer's affair.
    socket.on('error', () => socket.terminate())
    this.send({ kind: 'hello', ...hello })
  }

  get isProven(): boolean {
    return this.#state.phase === 'proven'
  }

  get owner(): PublicKey | undefined {
    return this.#state.phase === 'proven' ? this.#state.transcript.client : undefined
  }

  /** Says it together with what else is said in this turn. */
  send(message: Message): void {
    if (this.#state.phase !== 'over') this.#host.say(this, message)
  }

  /** Queues frames; a client that reads too slowly is cut off and syncs when it is back. */
  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      if (this.#socket.bufferedAmount > SESSION_BUFFER_BYTES_MAX) return this.#socket.terminate()
      this.#socket.send(frame)
    }
  }

  /** Tells the client why, and hangs up. */
  end({ code, detail }: Rejection): void {
    this.send({ kind: 'error', code: code.slice(0, 64), detail: cut(detail), channel: undefined })
    this.#host.flush(this)
    this.#socket.close(CLOSE.policy, code.slice(0, 64))
    this.#over()
  }

  /** Hangs up because the hub stops. */
  leave(): void {
    this.#host.flush(this)
    this.#socket.close(CLOSE.goingAway, 'hub_stops')
    this.#over()
  }

  /** Is heard on the channel no more, and told why; its other channels go on. */
  release(channel: ChannelId, { code, detail }: Pick<Rejection, 'code' | 'detail'>): void {
    this.#channels.delete(channel)
    this.#host.retract(this, channel)
    this.send({ kind: 'error', code: code.slice(0, 64), detail: cut(detail), channel })
  }

  #over(): void {
    this.#cancelTimeout()
    if (this.#state.phase === 'over') return
    this.#state = { phase: 'over' }
    for (const channel of this.#channels) this.#host.detach(channel, this)
    this.#host.ended(this)
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state.phase === 'over') return
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.end(reject('malformed', 'messages are binary frames'))
      return
    }
    const { buffer, byteOffset, length } = data
    const messages = parseFrame(new Uint8Array(buffer, byteOffset, length))
    if (isRejection(messages)) return this.end(messages)
    for (const message of messages) this.#take(message)
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
    this.#cancelTimeout()
    this.#state = { phase: 'proven', transcript }
    const signature = signSession('hub', transcript, this.#host.signer)
    this.send({ kind: 'welcome', signature, policy: this.#host.policy })
    this.#host.proven(this)
  }

  #hear(transcript: Transcript, message: Message): void {
    switch (message.kind) {
      case 'attach':
        return this.#attach(transcript, message)
      case 'update': {
        const { kind, ...update } = message
        return this.#pass(message.channel, { kind, update })
      }
      case 'stored':
        return this.#pass(message.channel, message)
      case 'claim': {
        const { kind, ...claim } = message
        return this.#pass(message.channel, { kind, claim })
      }
      case 'decline': {
        const { kind, ...decline } = message
        return this.#pass(message.channel, { kind, decline })
      }
      case 'closeIntent':
        return this.#pass(message.channel, message)
      case 'closeAgreed': {
        const { kind, ...agreed } = message
        return this.#pass(agreed.agreement.channel, { kind, agreed })
      }
      case 'resumeAnswer':
        if (this.#isAttached(message.channel)) this.#await(this.#host.resume(message))
        return
      case 'openRequest':
        return this.#host.requestOpen(this, transcript.client, message)
      case 'inboundRequest':
        if (this.#isAttached(message.channel)) {
          this.#host.requestInbound(this, transcript.client, message)
        }
        return
      case 'error':
        return this.#host.complaint(this, message)
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

  #attach(transcript: Transcript, { position, signature }: MessageOf<'attach'>): void {
    const key = this.#host.clientKeyOf(position.channel)
    if (key === undefined) {
      const detail = `this hub does not serve channel ${position.channel} (yet)`
      this.send({ kind: 'error', code: 'channel_unknown', detail, channel: position.channel })
      return
    }
    if (!verifyAttach(transcript, position, key, signature)) {
      this.end(reject('bad_attach_signature', 'the channel key did not sign for this session'))
      return
    }
    if (!this.#hasRoomFor(position.channel)) {
      this.end(
        reject('too_many_channels', `a session has at most ${SESSION_CHANNELS_MAX} channels`),
      )
      return
    }
    this.#channels.add(position.channel)
    this.#host.attach(position.channel, this)
    this.#submit({ kind: 'attached', owner: transcript.client, position })
  }

  /** Channels that are over are looked for only where room is short. */
  #hasRoomFor(channel: ChannelId): boolean {
    if (this.#channels.has(channel)) return true
    if (this.#channels.size < SESSION_CHANNELS_MAX) return true
    for (const other of this.#channels) {
      if (!this.#host.isOver(other)) continue
      this.#channels.delete(other)
      this.#host.detach(other, this)
    }
    return this.#channels.size < SESSION_CHANNELS_MAX
  }

  #pass(channel: ChannelId, event: PeerEvent): void {
    if (this.#isAttached(channel)) this.#submit(event)
  }

  #isAttached(channel: ChannelId): boolean {
    if (this.#channels.has(channel)) return true
    const detail = `attach channel ${channel} to this session first`
    this.send({ kind: 'error', code: 'channel_not_attached', detail, channel })
    return false
  }

  /** Hands an event on; while too many wait for their batch, the socket is not read. */
  #submit(event: PeerEvent): void {
    this.#await(this.#host.submit(event))
  }

  #await(work: Promise<void>): void {
    this.#waiting++
    if (this.#waiting >= SESSION_EVENTS_MAX) this.#socket.pause()
    void work.then(() => {
      this.#waiting--
      if (this.#waiting < SESSION_EVENTS_MAX && this.#state.phase !== 'over') this.#socket.resume()
    })
  }
}

function cut(detail: string): string {
  return detail.slice(0, 256)
}
