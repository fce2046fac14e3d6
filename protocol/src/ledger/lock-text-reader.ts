import type { LockExpressionRejection } from './lock-expression.js'

/** What text is refused for: what it says, or that it says no lock at all (LOCK-5). */
export type LockTextCode =
  | Exclude<LockExpressionRejection['code'], 'lock_empty' | 'lock_condition_malformed'>
  | 'lock_text_malformed'
  | 'lock_text_too_long'

/** Text that is no lock, and where. Thrown inside the parser only; `parseLock` turns it into a value. */
export class UnreadableLockText extends Error {
  override readonly name = 'UnreadableLockText'
  readonly code: LockTextCode
  readonly offset: number
  readonly expected: string

  constructor(code: LockTextCode, offset: number, expected: string) {
    super(expected)
    this.code = code
    this.offset = offset
    this.expected = expected
  }
}

const BLANK = /[ \t\r\n]*/y
const WORD = /[a-z]*/y
const DIGITS = /[0-9]*/y
const HEX = /[0-9a-f]*/y

/** Reads text from its beginning, a piece at a time. Offsets are UTF-16 units, counted from 0. */
export class LockTextReader {
  readonly #text: string
  #offset = 0

  constructor(text: string) {
    this.#text = text
  }

  get offset(): number {
    return this.#offset
  }

  /** The next unit, or nothing at the end; it stays where it is. */
  get next(): string {
    return this.#text.charAt(this.#offset)
  }

  skipBlank(): void {
    this.#run(BLANK)
  }

  /** The lower-case letters that come next, if there are any. */
  word(): string {
    return this.#run(WORD)
  }

  /** The decimal digits that come next, if there are any. */
  digits(): string {
    return this.#run(DIGITS)
  }

  /** Exactly `bytes` bytes of lower-case hex. */
  hex(bytes: number, what: string): string {
    const start = this.#offset
    const run = this.#run(HEX)
    if (run.length < 2 * bytes) {
      this.fail(`${what} of ${2 * bytes} lower-case hex digits, not ${run.length}`)
    }
    // The rest is what is unexpected, not the digits before it.
    this.#offset = start + 2 * bytes
    return run.slice(0, 2 * bytes)
  }

  /** Whether `mark` comes next; then it is read. */
  takes(mark: string): boolean {
    if (!this.#text.startsWith(mark, this.#offset)) return false
    this.#offset += mark.length
    return true
  }

  /** Reads `mark`, or says that `expected` is due here. */
  expect(mark: string, expected = mark): void {
    if (!this.takes(mark)) this.fail(expected)
  }

  end(): void {
    if (this.next !== '') this.fail('the end')
  }

  fail(expected: string, offset = this.#offset): never {
    throw new UnreadableLockText('lock_text_malformed', offset, expected)
  }

  #run(pattern: RegExp): string {
    pattern.lastIndex = this.#offset
    const run = pattern.exec(this.#text)?.[0] ?? ''
    this.#offset += run.length
    return run
  }
}
