/** Outcomes that are remembered: of what was told longest ago, it is told again. */
const OUTCOMES_MAX = 10_000

/**
 * What was told last of each thing that is tried until it is done: a guard tries every few blocks, as
 * long as that takes, and only what differs is worth a line.
 */
export class OutcomeNews {
  readonly #told = new Map<string, string>()

  /** Whether this outcome, a code or an id, was not what was told last of `name`; from here on it is. */
  isNews(name: string, outcome: string): boolean {
    if (this.#told.get(name) === outcome) return false
    this.#told.delete(name)
    this.#told.set(name, outcome)
    const [oldest] = this.#told.keys()
    if (this.#told.size > OUTCOMES_MAX && oldest !== undefined) this.#told.delete(oldest)
    return true
  }
}
