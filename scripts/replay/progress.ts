/** Progress on standard error: one moving line on a terminal, a line every few seconds elsewhere. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true
  readonly #quiet: boolean
  #lastShown = 0
  #open = false

  constructor(options: { readonly quiet: boolean }) {
    this.#quiet = options.quiet
  }

  /** A step of the story: always shown on a line of its own. */
  say(text: string): void {
    if (this.#quiet) return
    this.#clear()
    process.stderr.write(`${text}\n`)
  }

  /** How far a long step is. */
  count(what: string, done: number, of: number): void {
    if (this.#quiet) return
    const now = Date.now()
    const last = done === of
    if (!last && now - this.#lastShown < (this.#isTerminal ? 100 : 5_000)) return
    this.#lastShown = now
    const line = `  ${what} ${done} of ${of}`
    if (!this.#isTerminal) {
      process.stderr.write(`${line}\n`)
      return
    }
    process.stderr.write(`\r\u001b[K${line}`)
    this.#open = true
    if (last) this.#clear(true)
  }

  #clear(keep = false): void {
    if (!this.#open) return
    process.stderr.write(keep ? '\n' : '\r\u001b[K')
    this.#open = false
  }
}
