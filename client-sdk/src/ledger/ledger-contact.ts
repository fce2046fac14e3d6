import type { Parameters } from '@tallystick/protocol'
import type { Clock } from '../clock.js'

/** Seconds without a block after which a ledger is not heard any more, at least. */
const SILENCE_SECONDS_MIN = 15

/**
 * Whether a ledger that is followed is being heard: its newest block was taken in a moment ago, and
 * the connection has not ended since. For whoever tells others that it can serve them.
 */
export class LedgerContact {
  readonly #clock: Clock
  readonly #parameters: () => Pick<Parameters, 'timeStepSecondsMax'>
  #heardMs: number | undefined

  /** Not heard yet; `parameters`: those in force. */
  constructor(clock: Clock, parameters: () => Pick<Parameters, 'timeStepSecondsMax'>) {
    this.#clock = clock
    this.#parameters = parameters
  }

  get isHeard(): boolean {
    if (this.#heardMs === undefined) return false
    // Blocks without transactions come about twice in the largest step that time may take.
    const seconds = Math.max(SILENCE_SECONDS_MIN, 2 * this.#parameters().timeStepSecondsMax)
    return this.#clock.nowMs() - this.#heardMs <= 1_000 * seconds
  }

  /** A block was taken in, or the state was asked for and proven. */
  heard(): void {
    this.#heardMs = this.#clock.nowMs()
  }

  /** The connection ended; until the next block it is not known whether the ledger is there. */
  lost(): void {
    this.#heardMs = undefined
  }
}
