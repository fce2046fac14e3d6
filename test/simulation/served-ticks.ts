import type { Anchor, TickFrame } from '@tallystick/protocol'
import { REDEEM_POLICY } from '#client-sdk/stream/redeem-policy.js'
import type { Incarnation } from './incarnation.js'
import type { StreamBooks } from './stream-books.js'
import { Violation } from './violation.js'

/** How long after its time a redemption may be on disk: a disk is busy, milliseconds. */
const STORING_MS = 2_000

type Served = { readonly ticks: number; readonly newest: number; readonly sinceMs: number }

/**
 * What payees serve in one life of their process. INV-32: no more ticks than the newest that was shown. STREAM-5: what
 * could be lost by a crash is not on disk for ten seconds at most.
 */
export class ServedTicks {
  readonly #books: StreamBooks
  readonly #lives = new WeakMap<Incarnation, Map<Anchor, Served>>()

  constructor(books: StreamBooks) {
    this.#books = books
  }

  /** A payee has taken a frame, and used so many ticks of its streams for what was asked with it. */
  onServed(
    { name, life }: { readonly name: string; readonly life: Incarnation },
    frame: TickFrame,
    used: readonly { readonly anchor: Anchor; readonly ticks: number }[],
    nowMs: number,
  ): void {
    const served = this.#lives.get(life) ?? new Map<Anchor, Served>()
    this.#lives.set(life, served)
    for (const { anchor, index } of frame.ticks) {
      const before = served.get(anchor) ?? { ticks: 0, newest: 0, sinceMs: nowMs }
      const isStored = this.#books.known(name, anchor) >= before.newest
      const sinceMs = isStored ? nowMs : before.sinceMs
      const more = used.find((one) => one.anchor === anchor)?.ticks ?? 0
      const ticks = before.ticks + more
      const newest = Math.max(before.newest, index)
      const shown = this.#books.shown(anchor)
      if (ticks > shown) {
        throw new Violation('INV-32', `${name} has served ${ticks} ticks and was shown ${shown}`)
      }
      if (nowMs - sinceMs > REDEEM_POLICY.afterMs + STORING_MS) {
        const what = `${name} has tick ${before.newest} not on disk since ${sinceMs} ms`
        throw new Violation('STREAM-5', what)
      }
      served.set(anchor, { ticks, newest, sinceMs })
    }
  }

  /** Long after the last tick: whoever has not crashed since has all on its disk that it has served for. */
  checkStored({ name, life }: { readonly name: string; readonly life: Incarnation }): void {
    for (const [anchor, { newest }] of this.#lives.get(life) ?? []) {
      const known = this.#books.known(name, anchor)
      if (known < newest) {
        throw new Violation('STREAM-5', `${name} has stored ${known} of ${newest} ticks`)
      }
    }
  }
}
