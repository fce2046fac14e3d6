import { LedgerError } from './ledger-error.js'
import type { OpenSocket, Socket } from './open-socket.js'

/** Bytes that wait for a slow reader before the connection is given up; it goes on where it was. */
const QUEUE_BYTES_MAX = 33_554_432
/** The largest frame, bytes: a block has about four million at most. */
const FRAME_BYTES_MAX = 16_777_216

/**
 * The frames of one feed connection, read at the reader's pace. Lives from `new` to `close`; once
 * the connection has ended, what had arrived is still read before `next` rejects.
 */
export class BlockFrames {
  readonly #socket: Socket
  readonly #silenceMs: number
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #wake: () => void = () => {}
  #ended: LedgerError | undefined
  #silence: ReturnType<typeof setTimeout>

  /** `silenceMs`: without a frame for so long the connection counts as dead. */
  constructor(openSocket: OpenSocket, url: string, silenceMs: number) {
    this.#silenceMs = silenceMs
    this.#silence = this.#startSilence()
    const handlers = {
      onOpen: () => {},
      onMessage: (bytes: Uint8Array) => this.#receive(bytes),
      onClose: ({ code, text }: { readonly code: number; readonly text: string }) =>
        this.#end('feed_closed', `the feed was closed: ${code}${text && `, ${text}`}`),
    }
    this.#socket = openSocket(url, handlers, { maxPayload: FRAME_BYTES_MAX })
  }

  /** The next frame. Rejects with `LedgerError` after the last, with the signal's reason at once. */
  async next(signal: AbortSignal): Promise<Uint8Array> {
    const wake = () => this.#wake()
    signal.addEventListener('abort', wake)
    try {
      for (;;) {
        signal.throwIfAborted()
        const frame = this.#waiting.shift()
        if (frame !== undefined) {
          this.#waitingBytes -= frame.length
          return frame
        }
        if (this.#ended !== undefined) throw this.#ended
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  close(): void {
    clearTimeout(this.#silence)
    this.#socket.close()
  }

  #receive(frame: Uint8Array): void {
    if (this.#ended !== undefined) return
    clearTimeout(this.#silence)
    this.#silence = this.#startSilence()
    if (this.#waitingBytes + frame.length > QUEUE_BYTES_MAX) {
      this.#end('feed_overrun', 'blocks arrive faster than they are handled')
      return
    }
    this.#waitingBytes += frame.length
    this.#waiting.push(frame)
    this.#wake()
  }

  #startSilence(): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => this.#end('feed_silent', `the feed was silent for ${this.#silenceMs} ms`),
      this.#silenceMs,
    )
  }

  #end(code: string, detail: string): void {
    if (this.#ended !== undefined) return
    this.#ended = new LedgerError({ code, detail, retryable: true })
    this.close()
    this.#wake()
  }
}
