import type { Clock } from '../clock.js'
import { WalletError } from '../wallet-error.js'

/** The least between two uploads, milliseconds: what comes meanwhile shares the next one. */
const GAP_MS = 2_000
/** After an upload that failed, milliseconds; doubled up to the last while they fail. */
const RETRY_MS_FIRST = 5_000
const RETRY_MS_LAST = 300_000
/** How long a wallet that is closed still waits for its last upload, milliseconds. */
const LAST_MS_MAX = 3_000
/** How an upload fails where the hub is away: nobody answers there, or none has ever answered. */
const HUB_AWAY: ReadonlySet<string> = new Set(['hub_unreachable', 'hub_disconnected'])

/** Uploads some time after changes, one at a time and never too often. */
export class UploadLoop {
  readonly #clock: Clock
  readonly #upload: (signal: AbortSignal) => Promise<void>
  readonly #onFailure: (error: unknown) => void
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  #unschedule: () => void = () => undefined
  /** When the timer fires, and when the last upload began; milliseconds of the process. */
  #dueAt = Number.POSITIVE_INFINITY
  #begunAt = Number.NEGATIVE_INFINITY
  #isChanged = false
  #retryMs = RETRY_MS_FIRST
  #lastFailure: string | undefined

  /** `onFailure` hears of each failure once, until an upload is done or another failure comes. */
  constructor(
    clock: Clock,
    upload: (signal: AbortSignal) => Promise<void>,
    onFailure: (error: unknown) => void,
  ) {
    this.#clock = clock
    this.#upload = upload
    this.#onFailure = onFailure
  }

  /** Something is not uploaded yet: it is `delayMs` from now at the latest, unless uploads fail. */
  changed(delayMs: number): void {
    this.#isChanged = true
    this.#schedule(this.#lastFailure === undefined ? delayMs : Math.max(delayMs, this.#retryMs))
  }

  /** What is changed is uploaded once more, if that takes no longer than moments. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#unschedule()
    const isDue = this.#isChanged && this.#lastFailure === undefined
    const giveUpLater = this.#clock.after(LAST_MS_MAX, () => this.#stop.abort())
    await this.#running
    if (isDue && this.#isChanged) await this.#attempt()
    giveUpLater()
    this.#unschedule()
    this.#stop.abort()
  }

  #schedule(delayMs: number): void {
    if (this.#stop.signal.aborted) return
    const now = this.#clock.nowMs()
    const dueAt = Math.max(now + delayMs, this.#begunAt + GAP_MS)
    if (dueAt >= this.#dueAt) return
    this.#unschedule()
    this.#dueAt = dueAt
    this.#unschedule = this.#clock.after(dueAt - now, () => {
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#running ??= this.#attempt().finally(() => {
        this.#running = undefined
      })
    })
  }

  async #attempt(): Promise<void> {
    this.#isChanged = false
    this.#begunAt = this.#clock.nowMs()
    try {
      await this.#upload(this.#stop.signal)
      this.#lastFailure = undefined
      this.#retryMs = RETRY_MS_FIRST
      // A change that came meanwhile may have found this upload under way when it was due.
      if (this.#isChanged) this.#schedule(GAP_MS)
    } catch (error) {
      this.#isChanged = true
      const code = error instanceof WalletError ? error.code : String(error)
      // That the hub is away, the wallet's session tells.
      const isNews = code !== this.#lastFailure && !HUB_AWAY.has(code)
      if (isNews && !this.#stop.signal.aborted) this.#onFailure(error)
      this.#lastFailure = code
      // What was refused for good is tried again only with the next change.
      if (error instanceof WalletError && error.retryable) this.#schedule(this.#retryMs)
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_LAST)
    }
  }
}
