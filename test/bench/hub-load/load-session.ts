import { randomBytes } from 'node:crypto'
import { Outbox, PROCESS_CLOCK } from '@tallystick/client-sdk'
import {
  type ChannelId,
  isRejection,
  type Message,
  type MessageOf,
  type PublicKey,
  parseFrame,
  type Signer,
  signSession,
  type Transcript,
  transcriptOf,
  verifySession,
} from '@tallystick/protocol'
import { identityOf } from './load-keys.js'
import { WireSocket } from './wire-socket.js'

/** A channel that is spoken about on a session. */
export type ChannelEnd = {
  readonly channel: ChannelId
  /** What the hub says about it. */
  hear(message: Message): void
  /** The proven session is over. */
  hungUp(why: string): void
}

type Link =
  | { readonly phase: 'down' }
  | { readonly phase: 'waiting' }
  | { readonly phase: 'challenged'; readonly transcript: Transcript }
  | { readonly phase: 'proven'; readonly transcript: Transcript }

/** One connection of a load, for one channel or several: who is behind it, and what they say together. */
export class LoadSession {
  /** Joins what sessions say, as that of a wallet does. */
  static readonly #outbox = new Outbox<LoadSession>(PROCESS_CLOCK)

  readonly identity: PublicKey
  readonly #identity: Signer
  readonly #url: string
  readonly #hub: PublicKey
  readonly #ends = new Map<ChannelId, ChannelEnd>()
  #socket: WireSocket | undefined
  #link: Link = { phase: 'down' }
  #connecting: Promise<void> | undefined
  #proven = () => {}
  #failure: string | undefined

  /** `number` of the identity (`identityOf`). */
  constructor(number: number, { url, hub }: { readonly url: string; readonly hub: PublicKey }) {
    this.#identity = identityOf(number)
    this.identity = this.#identity.publicKey
    this.#url = url
    this.#hub = hub
  }

  /** Hears of the channel from now on. */
  add(end: ChannelEnd): void {
    this.#ends.set(end.channel, end)
  }

  /** What both sides have proved themselves by; `undefined`: they have not. */
  get transcript(): Transcript | undefined {
    return this.#link.phase === 'proven' ? this.#link.transcript : undefined
  }

  /** Resolves once both sides have proved themselves to each other, for everyone who waits for it. */
  connect(): Promise<void> {
    this.#connecting ??= new Promise((resolve, reject) => {
      this.#failure = undefined
      this.#proven = resolve
      this.#link = { phase: 'waiting' }
      this.#socket = new WireSocket(this.#url, {
        onOpen: () => undefined,
        onMessage: (bytes) => this.#receive(bytes),
        onClose: (failure) => {
          const why = this.#failure ?? failure
          const wasProven = this.transcript !== undefined
          this.#link = { phase: 'down' }
          this.#socket = undefined
          this.#connecting = undefined
          LoadSession.#outbox.forget(this)
          if (wasProven) for (const end of this.#ends.values()) end.hungUp(why)
          else reject(new Error(why))
        },
      })
    })
    return this.#connecting
  }

  /** Hangs up, and says nothing of it. */
  leave(): void {
    this.#link = { phase: 'down' }
    this.#socket?.destroy()
  }

  say(message: Message): void {
    LoadSession.#outbox.say(this, message)
  }

  transmit(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#socket?.send(frame)
  }

  #receive(frame: Uint8Array): void {
    const messages = parseFrame(frame)
    if (isRejection(messages)) throw new Error(messages.detail)
    for (const message of messages) this.#hear(message)
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'hello':
        return this.#answer(message)
      case 'welcome':
        return this.#welcome(message)
      case 'attached':
        return this.#endOf(message.position.channel).hear(message)
      case 'update':
      case 'stored':
      case 'claim':
      case 'decline':
        return this.#endOf(message.channel).hear(message)
      case 'error':
        this.#failure = `${message.code}: ${message.detail}`
        if (message.channel === undefined) return
        return this.#endOf(message.channel).hear(message)
      default:
        throw new Error(`a hub does not say ${message.kind} now`)
    }
  }

  #endOf(channel: ChannelId): ChannelEnd {
    const end = this.#ends.get(channel)
    if (end === undefined) throw new Error(`channel ${channel} is none of this session`)
    return end
  }

  #answer({ kind: _, ...hello }: MessageOf<'hello'>): void {
    if (this.#link.phase !== 'waiting') throw new Error('a hub introduces itself once')
    const nonce = new Uint8Array(randomBytes(32))
    const transcript = transcriptOf(hello, { client: this.identity, nonce })
    const signature = signSession('client', transcript, this.#identity)
    this.#link = { phase: 'challenged', transcript }
    this.say({ kind: 'auth', client: this.identity, nonce, signature })
  }

  #welcome({ signature }: MessageOf<'welcome'>): void {
    const link = this.#link
    if (
      link.phase !== 'challenged' ||
      link.transcript.hub !== this.#hub ||
      !verifySession('hub', link.transcript, signature)
    ) {
      throw new Error('the hub did not prove that it is who it says')
    }
    this.#link = { phase: 'proven', transcript: link.transcript }
    this.#proven()
  }
}
