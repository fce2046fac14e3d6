import { WebSocket } from 'ws'
import type { VectorUpdates } from './vector-library.js'

/** What one side asks of the other. */
export type VectorRequest =
  /** A client is there; its channel is set up and paid in before it is answered. */
  | { readonly kind: 'hello'; readonly identifier: string }
  | ({ readonly kind: 'update' } & VectorUpdates)
  /** The client's turn on its channel; the lock is kept by the hub. */
  | { readonly kind: 'acquire'; readonly channel: string }
  | { readonly kind: 'release'; readonly channel: string; readonly value: string }

type Frame =
  | { readonly number: number; readonly request: VectorRequest }
  | { readonly number: number; readonly answer: unknown }

/** Either end of a connection of a client and the hub: requests and their answers, in JSON. */
export class VectorLink {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  #asked = 0

  /** `carryOut` gives the answer to a request. */
  constructor(socket: WebSocket, carryOut: (request: VectorRequest) => Promise<unknown>) {
    this.#socket = socket
    socket.on('message', (data) => {
      const frame: Frame = JSON.parse(String(data))
      const { number } = frame
      if ('request' in frame) {
        void carryOut(frame.request).then((answer) => this.#say({ number, answer: answer ?? null }))
        return
      }
      this.#waiting.get(number)?.(frame.answer)
      this.#waiting.delete(number)
    })
  }

  /** Resolves when connected. */
  static connect(
    url: string,
    carryOut: (request: VectorRequest) => Promise<unknown>,
  ): Promise<VectorLink> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { perMessageDeflate: false })
      socket.once('error', reject)
      const link = new VectorLink(socket, carryOut)
      socket.once('open', () => {
        resolve(link)
        // Whoever has a link counts on it: the process ends.
        socket.once('close', () => {
          throw new Error('the hub hung up')
        })
      })
    })
  }

  ask(request: VectorRequest): Promise<unknown> {
    const number = this.#asked++
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve)
      this.#say({ number, request })
    })
  }

  #say(frame: Frame): void {
    this.#socket.send(JSON.stringify(frame))
  }
}
