import { median } from '../benchmark.js'

/** A figure is normal once so many looks in a row are. */
const NORMAL_LOOKS = 4

/** One figure of many looks, and when it was normal for the first time. */
export class Looks {
  readonly #since: number
  readonly #normalMax: number
  readonly #all: number[] = []
  #firstInARow: number | undefined
  #inARow = 0
  /** Milliseconds from `since` until the first of the looks in a row that are normal. */
  normalMs = Number.POSITIVE_INFINITY

  constructor(since: number, normalMax: number) {
    this.#since = since
    this.#normalMax = normalMax
  }

  get median(): number {
    return median(this.#all)
  }

  /** `from`: when the look began. */
  add(from: number, figure: number): void {
    this.#all.push(figure)
    if (figure > this.#normalMax) {
      this.#inARow = 0
      return
    }
    if (this.#inARow++ === 0) this.#firstInARow = from
    if (this.#inARow !== NORMAL_LOOKS || this.normalMs !== Number.POSITIVE_INFINITY) return
    this.normalMs = Math.max(0, (this.#firstInARow ?? from) - this.#since)
  }
}
