import {
  type ChannelId,
  concatBytes,
  encode,
  isRejection,
  type Message,
  type MessageOf,
  messageCodec,
  parseFrame,
  signAttach,
  signSession,
  transcriptOf,
} from '@tallystick/protocol'
import { WebSocket } from 'ws'
import { channelKeyOf, identityOf } from '../bench/hub-load/load-keys.js'
import { startPosition } from '../protocol/test-channel.js'

/** Bytes that wait to leave, from which on a flooder lets the hub read. */
const UNSENT_BYTES_MAX = 262_144

/** A client with a channel of its own that says as much as the hub reads. */
export class Flooder {
  readonly channel: ChannelId
  readonly #number: number
  readonly #url: string
  readonly #codes: string[] = []
  #socket: WebSocket | undefined
  #isStopped = false
  #attached: (() => void) | undefined
  /** Whether it reads what the hub says. */
  readonly #isReading: boolean

  constructor(options: {
    readonly number: number
    readonly channel: ChannelId
    readonly url: string
    readonly isReading: boolean
  }) {
    this.#number = options.number
    this.#url = options.url
    this.#isReading = options.isReading
    this.channel = options.channel
  }

  /** Codes of what the hub refused so far. */
  get codes(): readonly string[] {
    return this.#codes
  }

  /** Proves who it is and attaches its channel; resolves once the hub has answered, or has hung up. */
  async connect(): Promise<void> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    this.#socket = socket
    socket.on('error', () => undefined)
    const answered = new Promise<void>((resolve) => {
      this.#attached = resolve
      socket.once('close', resolve)
    })
    socket.on('message', (data: Buffer) => {
      const messages = parseFrame(new Uint8Array(data))
      if (isRejection(messages)) throw new Error(messages.detail)
      for (const message of messages) this.#hear(socket, message)
    })
    await answered
  }

  /** Says the frame again and again until it is stopped; comes back when the hub hangs up. */
  async flood(frame: Uint8Array): Promise<number> {
    let frames = 0
    while (!this.#isStopped) {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        await this.connect()
        continue
      }
      if (!this.#isReading) this.#socket.pause()
      if (this.#socket.bufferedAmount < UNSENT_BYTES_MAX) {
        this.#socket.send(frame)
        frames++
      }
      await new Promise(setImmediate)
    }
    return frames
  }

  /** Comes back again and again to break a rule: an update whose signature is wrong. */
  async breakRules(): Promise<void> {
    const wrong = { kind: 'single', signature: new Uint8Array(64) } as const
    const numbers = { epoch: 0, version: 1, acked: 0 }
    const update = { channel: this.channel, ...numbers, changes: [], evidence: wrong } as const
    const frame = encode(messageCodec, { kind: 'update', ...update })
    while (!this.#isStopped) {
      await this.connect()
      const socket = this.#socket
      if (socket?.readyState !== WebSocket.OPEN) continue
      const { length } = this.#codes
      socket.send(frame)
      // It is told what was wrong, or that the channel is not attached.
      while (this.#codes.length === length && socket.readyState === WebSocket.OPEN) {
        await new Promise(setImmediate)
      }
      socket.terminate()
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#socket?.terminate()
  }

  #hear(socket: WebSocket, message: Message): void {
    switch (message.kind) {
      case 'hello':
        return this.#answer(socket, message)
      case 'attached':
        this.#attached?.()
        return
      case 'error':
        this.#codes.push(message.code)
        this.#attached?.()
        return
      default:
    }
  }

  #answer(socket: WebSocket, { kind: _, ...hello }: MessageOf<'hello'>): void {
    const identity = identityOf(this.#number)
    const nonce = new Uint8Array(32)
    const transcript = transcriptOf(hello, { client: identity.publicKey, nonce })
    const signature = signSession('client', transcript, identity)
    const position = startPosition(this.channel)
    const key = channelKeyOf(this.#number)
    socket.send(
      concatBytes(
        encode(messageCodec, { kind: 'auth', client: identity.publicKey, nonce, signature }),
        encode(messageCodec, {
          kind: 'attach',
          position,
          signature: signAttach(transcript, position, key),
        }),
      ),
    )
  }
}
