import { PAYMENT_MS_MAX } from '../limits.js'

/** What the wallet is doing for this server, by the id of what it is for. */
export class Underway {
  readonly #running = new Map<string, Promise<void>>()
  readonly #onProblem: (id: string, error: unknown) => void

  constructor(onProblem: (id: string, error: unknown) => void) {
    this.#onProblem = onProblem
  }

  /** Has `work` be waited for by `idle`; what goes wrong with it is told. */
  watch(id: string, work: Promise<void>): void {
    const watched = work
      .catch((error) => this.#onProblem(id, error))
      .finally(() => this.#running.delete(id))
    this.#running.set(id, watched)
  }

  /** The same, kept once it is done or has taken a while, and goes on. Errors: of `work`. */
  async begin(id: string, work: Promise<void>): Promise<void> {
    this.watch(id, work)
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, PAYMENT_MS_MAX).unref()
    })
    await Promise.race([work, late])
  }

  /** Kept once nothing is under way here; what is not final goes on when the server starts again. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
