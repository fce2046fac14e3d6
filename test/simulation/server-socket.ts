import { EventEmitter } from 'node:events'

/** What a server's end of a virtual connection can do. */
export type ServerSocketParts = {
  readonly send: (bytes: Uint8Array) => void
  readonly close: () => void
  readonly isPeerAlive: () => boolean
  /** Does something one round trip later. */
  readonly after: (act: () => void) => void
}

/** As much of a `ws` WebSocket as a hub's session uses. */
export class ServerSocket extends EventEmitter {
  /** Bytes that wait to be read; on a virtual connection none do, unless a test says so. */
  bufferedAmount = 0
  readonly #parts: ServerSocketParts
  #isPaused = false
  #held: Uint8Array[] = []

  constructor(parts: ServerSocketParts) {
    super()
    this.#parts = parts
  }

  send(bytes: Uint8Array): void {
    this.#parts.send(bytes)
  }

  close(): void {
    this.#parts.close()
  }

  terminate(): void {
    this.#parts.close()
  }

  ping(): void {
    this.#parts.after(() => {
      if (this.#parts.isPeerAlive()) this.emit('pong')
    })
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    for (const bytes of this.#held.splice(0)) this.receive(bytes)
  }

  receive(bytes: Uint8Array): void {
    if (this.#isPaused) this.#held.push(bytes)
    else this.emit('message', Buffer.from(bytes), true)
  }

  over(): void {
    this.emit('close')
  }
}
