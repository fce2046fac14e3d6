import {
  type ChainId,
  type Hello,
  type HubPolicy,
  isRejection,
  MESSAGE_BYTES_MAX,
  type Message,
  type PublicKey,
  parseFrame,
  type Signer,
  signSession,
  type Transcript,
  transcriptOf,
  verifySession,
  WIRE_VERSION,
} from '@tallystick/protocol'
import type { Clock } from '../clock.js'
import { closedBecause, type OpenSocket, type Socket } from '../ledger/open-socket.js'
import { Outbox } from './outbox.js'

/** Milliseconds before the first new try; doubled up to the last, until a connection has lasted. */
const RETRY_MS_FIRST = 100
const RETRY_MS_LAST = 5_000
/** Milliseconds for a hub to prove itself: longer than it waits for us to do so. */
const GREETING_MS = 20_000
/** Milliseconds after which a connection that works is taken to be a good one. */
const LASTING_MS = 2_000

/** What a session tells its wallet. */
export type HubSessionHandlers = {
  /** The hub has proved itself; channels can be attached. */
  onReady(transcript: Transcript, policy: HubPolicy): void
  onMessage(message: Message): void
  /** The connection is gone; a new one is tried by itself. */
  onDown(reason: string): void
}

export type HubSessionOptions = {
  readonly url: string
  readonly chainId: ChainId
  /** The hub that must answer; absent: whoever answers first is trusted from then on. */
  readonly hub: PublicKey | undefined
  readonly identity: Signer
  readonly openSocket: OpenSocket
  /** Fresh random bytes. */
  readonly randomBytes: (length: number) => Uint8Array
  readonly clock: Clock
  readonly handlers: HubSessionHandlers
}

type ConnectionState =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'challenged'; readonly hello: Hello; readonly transcript: Transcript }
  | { readonly phase: 'ready'; readonly since: number }

/** One client's connection to its hub: proves both sides to each other, and comes back by itself. */
export class HubSession {
  readonly #options: HubSessionOptions
  readonly #outbox: Outbox<HubSession>
  #hub: PublicKey | undefined
  #state: ConnectionState = { phase: 'waiting' }
  #socket: Socket | undefined
  #cancelRetry = () => {}
  #cancelPatience = () => {}
  #retryMs = RETRY_MS_FIRST
  #stopped = false

  constructor(options: HubSessionOptions) {
    this.#options = options
    this.#outbox = new Outbox(options.clock)
    this.#hub = options.hub
    this.#connect()
  }

  get isReady(): boolean {
    return this.#state.phase === 'ready'
  }

  /**
   * Says something to the hub, together with what else is said in this turn; lost when the connection
   * is down, and synced after the next one.
   */
  send(message: Message): void {
    if (this.isReady) this.#outbox.say(this, message)
  }

  /** What was joined goes out on the connection that it was said on. */
  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#socket?.send(frame)
  }

  /** Hangs up and tries again, later each time: the hub broke a rule, or a fresh start is wanted. */
  restart(): void {
    this.#giveUp('a fresh start is wanted')
  }

  stop(): void {
    this.#stopped = true
    this.#cancelRetry()
    this.#cancelPatience()
    this.#outbox.flush(this)
    this.#socket?.close()
  }

  #connect(): void {
    if (this.#stopped) return
    this.#state = { phase: 'waiting' }
    // What a connection that was given up still says, or how it ends, is nobody's business any more.
    const isCurrent = () => this.#socket === socket
    const socket: Socket = this.#options.openSocket(
      this.#options.url,
      {
        onOpen: () => undefined,
        onMessage: (bytes) => {
          if (isCurrent()) this.#receive(bytes, isCurrent)
        },
        onClose: (end) => {
          if (isCurrent()) this.#closed(closedBecause(end))
        },
      },
      { maxPayload: MESSAGE_BYTES_MAX },
    )
    this.#socket = socket
    // A connection that is lost on the way ends by itself only where there is something to send.
    this.#cancelPatience = this.#options.clock.after(GREETING_MS, () =>
      this.#giveUp('the hub did not greet in time'),
    )
  }

  #closed(reason: string): void {
    const { clock, handlers, randomBytes } = this.#options
    const { phase } = this.#state
    const lasted = phase === 'ready' && clock.nowMs() - this.#state.since >= LASTING_MS
    this.#cancelPatience()
    this.#socket = undefined
    this.#state = { phase: 'waiting' }
    this.#outbox.forget(this)
    if (this.#stopped) return
    // One that ends again and again, however it began, must not become a storm.
    if (lasted) this.#retryMs = RETRY_MS_FIRST
    handlers.onDown(reason)
    // Jitter, so that the clients of a hub that restarts do not all come back at once.
    const [byte = 0] = randomBytes(1)
    const delay = this.#retryMs * (0.5 + byte / 512)
    this.#cancelRetry = clock.after(delay, () => this.#connect())
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_LAST)
  }

  #receive(bytes: Uint8Array, isCurrent: () => boolean): void {
    const messages = parseFrame(bytes)
    if (isRejection(messages)) return this.#giveUp(`${messages.code}: ${messages.detail}`)
    for (const message of messages) {
      // One of them may have ended the connection.
      if (!isCurrent()) return
      this.#hear(message)
    }
  }

  #hear(message: Message): void {
    switch (this.#state.phase) {
      case 'waiting':
        return this.#answer(message)
      case 'challenged':
        return this.#welcome(this.#state.transcript, message)
      case 'ready':
        this.#retractTaken(message)
        return this.#options.handlers.onMessage(message)
    }
  }

  #answer(message: Message): void {
    const { chainId, identity, randomBytes } = this.#options
    if (message.kind !== 'hello') return this.#giveUp('the hub does not introduce itself')
    const { kind: _, ...hello } = message
    if (hello.version !== WIRE_VERSION || hello.chainId !== chainId) {
      return this.#giveUp(`the hub speaks version ${hello.version} on chain ${hello.chainId}`)
    }
    if (this.#hub !== undefined && hello.hub !== this.#hub) {
      return this.#giveUp(`hub ${hello.hub} answers instead of ${this.#hub}`)
    }
    const transcript = transcriptOf(hello, { client: identity.publicKey, nonce: randomBytes(32) })
    const signature = signSession('client', transcript, identity)
    this.#state = { phase: 'challenged', hello, transcript }
    const { client, clientNonce: nonce } = transcript
    this.#outbox.say(this, { kind: 'auth', client, nonce, signature })
    this.#outbox.flush(this)
  }

  #welcome(transcript: Transcript, message: Message): void {
    if (message.kind === 'error') return this.#giveUp(`${message.code}: ${message.detail}`)
    if (message.kind !== 'welcome' || !verifySession('hub', transcript, message.signature)) {
      return this.#giveUp('the hub did not prove that it is who it says')
    }
    this.#hub = transcript.hub
    this.#cancelPatience()
    this.#state = { phase: 'ready', since: this.#options.clock.nowMs() }
    this.#options.handlers.onReady(transcript, message.policy)
  }

  /** Where another session has the channel, a word about it would be refused. */
  #retractTaken(message: Message): void {
    if (message.kind !== 'error' || message.code !== 'channel_taken') return
    if (message.channel !== undefined) this.#outbox.retract(this, message.channel)
  }

  /** Does not wait for the other end to agree: a new connection is tried at once. */
  #giveUp(reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#closed(reason)
    socket.close()
  }
}
