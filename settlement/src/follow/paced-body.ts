import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { LedgerFault } from '../ledger-fault.js'

/** How long a server may keep us waiting; the time in which we do not read is not its fault. */
export type Pace = {
  /** Until an answer begins, and between two pieces of it, milliseconds. */
  readonly silenceMs: number
  /** What has to arrive in the long run, bytes a second: beyond it only `silenceMs` are waited. */
  readonly bytesPerSecondMin: number
}

/**
 * The body of an answer as it comes, read no faster than it is taken. Whoever sends nothing, or a
 * byte now and then, is cut off with `upstream_unreachable`.
 */
export class PacedBody extends Readable {
  readonly #source: IncomingMessage
  readonly #where: string
  readonly #pace: Pace
  #timer: NodeJS.Timeout | undefined
  #askedMs = 0
  /** How much longer is waited in all, milliseconds: every byte adds to it. */
  #patienceMs: number

  /** `where`: the address that is read, for people. */
  constructor(source: IncomingMessage, where: string, pace: Pace) {
    super()
    this.#source = source
    this.#where = where
    this.#pace = pace
    this.#patienceMs = pace.silenceMs
    // Whoever reads next is told; nobody may be reading when it happens.
    this.on('error', () => undefined)
    source.pause()
    source.on('data', (chunk: Buffer) => this.#hear(chunk))
    source.once('end', () => {
      this.#stopWaiting()
      this.push(null)
    })
    source.once('error', (cause) => this.#breakOff(cause))
    source.once('close', () => {
      if (!source.readableEnded) this.#breakOff(undefined)
    })
  }

  override _read(): void {
    if (this.#timer !== undefined) return
    const waitMs = Math.min(this.#pace.silenceMs, this.#patienceMs)
    this.#askedMs = performance.now()
    this.#timer = setTimeout(() => this.#giveUp(), Math.max(1, waitMs))
    this.#source.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopWaiting()
    this.#source.destroy()
    done(error)
  }

  #hear(chunk: Buffer): void {
    this.#source.pause()
    this.#stopWaiting()
    const earnedMs = (chunk.length / this.#pace.bytesPerSecondMin) * 1_000
    this.#patienceMs += earnedMs - (performance.now() - this.#askedMs)
    this.push(chunk)
  }

  #giveUp(): void {
    const { silenceMs, bytesPerSecondMin } = this.#pace
    const why =
      this.#patienceMs < silenceMs
        ? `sends less than ${bytesPerSecondMin} bytes a second`
        : `sends nothing for ${silenceMs} ms`
    this.destroy(new LedgerFault('upstream_unreachable', `${this.#where} ${why}`))
  }

  #breakOff(cause: Error | undefined): void {
    this.destroy(new LedgerFault('upstream_unreachable', `${this.#where} breaks off`, cause))
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
