import type { PublicKey } from '../crypto/ed25519.js'
import { invariant } from '../primitives/invariant.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import type { Anchor } from './identifiers.js'
import { ALTERNATIVES_MAX } from './limits.js'
import type { Condition, Lock } from './lock.js'
import {
  canonicalCondition,
  joinParts,
  LOCK_CONDITIONS_MAX,
  LOCK_DEPTH_MAX,
} from './lock-expression.js'
import { type LockTextCode, LockTextReader, UnreadableLockText } from './lock-text-reader.js'
import { formatDuration, formatTime, readDuration, readTime } from './lock-text-time.js'

/** The largest lock takes half of it, UTF-16 units. */
export const LOCK_TEXT_MAX = 2 ** 22

/** Why text is no lock, and where it stops being one. */
export type LockTextRejection = Rejection<LockTextCode> & {
  /** UTF-16 units before the place. */
  readonly offset: number
  /** Line of the place, and UTF-16 units into it, both counted from 1. */
  readonly line: number
  readonly column: number
  /** What would be right there. */
  readonly expected: string
}

/** The one text of a lock (LOCK-5); `parseLock` gives back exactly this lock. */
export function formatLock(lock: Lock): string {
  invariant(lock.length >= 1 && lock.length <= ALTERNATIVES_MAX, 'a lock has 1..256 alternatives')
  return formatGroup(
    'any',
    lock.map((alternative) => formatGroup('all', alternative.map(formatCondition))),
  )
}

function formatGroup(name: 'any' | 'all', parts: readonly string[]): string {
  const listed = parts.join(', ')
  return parts.length === 1 ? listed : `${name}(${listed})`
}

function formatCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'key':
      return `key(${condition.publicKey})`
    case 'multi':
      return `multi(${[condition.threshold, ...condition.publicKeys].join(', ')})`
    case 'after':
      return `after(${formatTime(condition.time)})`
    case 'older':
      return `older(${formatDuration(condition.seconds)})`
    case 'revealed':
    case 'unrevealed':
      return `${condition.kind}(${condition.anchor}, ${formatTime(condition.by)})`
  }
}

/**
 * The lock that text from a person means (LOCK-4, LOCK-5), or the place where it stops meaning one.
 * Work is bounded by the length, which is bounded first; nothing is multiplied out beyond a lock.
 */
export function parseLock(text: string): Lock | LockTextRejection {
  if (typeof text !== 'string') {
    const refused = reject('lock_text_malformed', `expected a text, found ${typeof text}`)
    return { ...refused, offset: 0, line: 1, column: 1, expected: 'a text' }
  }
  try {
    if (text.length > LOCK_TEXT_MAX) {
      const expected = `a text of at most ${LOCK_TEXT_MAX} characters`
      throw new UnreadableLockText('lock_text_too_long', LOCK_TEXT_MAX, expected)
    }
    const reader = new LockTextReader(text)
    reader.skipBlank()
    const lock = new LockParser(reader).part(0)
    reader.skipBlank()
    reader.end()
    return lock
  } catch (error) {
    if (error instanceof UnreadableLockText) return rejectionOf(error, text)
    throw error
  }
}

function rejectionOf(
  { code, offset, expected }: UnreadableLockText,
  text: string,
): LockTextRejection {
  let [line, lineStart] = [1, 0]
  for (
    let end = text.indexOf('\n');
    end >= 0 && end < offset;
    end = text.indexOf('\n', lineStart)
  ) {
    lineStart = end + 1
    line++
  }
  const column = offset - lineStart + 1
  const next = text.codePointAt(offset)
  const found = next === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(next))
  const place = `at ${offset} (line ${line}, column ${column})`
  const detail = `expected ${expected} ${place}, found ${found}`
  return { ...reject(code, detail), offset, line, column, expected }
}

/** Reads expressions and compiles each as soon as it is read, so that a refusal knows its place. */
class LockParser {
  readonly #reader: LockTextReader
  #conditions = 0

  constructor(reader: LockTextReader) {
    this.#reader = reader
  }

  /** A condition or a group that stands inside `depth` groups. */
  part(depth: number): Lock {
    const start = this.#reader.offset
    const name = this.#reader.word()
    switch (name) {
      case 'any':
      case 'all':
        return this.#group(name, start, depth)
      case 'key':
      case 'multi':
      case 'after':
      case 'older':
      case 'revealed':
      case 'unrevealed':
        return [[this.#condition(name, start)]]
      default:
        return this.#reader.fail(
          'any, all, key, multi, after, older, revealed or unrevealed',
          start,
        )
    }
  }

  #group(kind: 'any' | 'all', start: number, depth: number): Lock {
    if (depth === LOCK_DEPTH_MAX) {
      const expected = `at most ${LOCK_DEPTH_MAX} groups inside one another`
      throw new UnreadableLockText('lock_too_deep', start, expected)
    }
    const parts: Lock[] = []
    this.#open()
    do parts.push(this.part(depth + 1))
    while (this.#continues())
    const joined = joinParts(kind, parts)
    if (!isRejection(joined)) return joined
    throw new UnreadableLockText(joined.code, start, joined.detail)
  }

  #condition(kind: Condition['kind'], start: number): Condition {
    if (++this.#conditions > LOCK_CONDITIONS_MAX) {
      const expected = `at most ${LOCK_CONDITIONS_MAX} conditions`
      throw new UnreadableLockText('lock_too_large', start, expected)
    }
    const reader = this.#reader
    this.#open()
    const offsets = [reader.offset]
    const read = this.#arguments(kind, offsets)
    const condition = canonicalCondition(read)
    if (condition.kind !== 'fault') return condition
    return reader.fail(condition.expected, offsets[condition.argument])
  }

  /** The arguments up to the closing mark; adds to `offsets` where each but the first begins. */
  #arguments(kind: Condition['kind'], offsets: number[]): Condition {
    const reader = this.#reader
    const next = () => {
      reader.expect(',', 'a comma')
      reader.skipBlank()
      offsets.push(reader.offset)
    }
    switch (kind) {
      case 'key': {
        const publicKey = this.#key()
        this.#close()
        return { kind, publicKey }
      }
      case 'multi': {
        const threshold = Number(reader.digits() || reader.fail('a threshold: a number of keys'))
        reader.skipBlank()
        next()
        const publicKeys = [this.#key()]
        while (this.#continues()) {
          offsets.push(reader.offset)
          publicKeys.push(this.#key())
        }
        return { kind, threshold, publicKeys }
      }
      case 'after': {
        const time = readTime(reader)
        this.#close()
        return { kind, time }
      }
      case 'older': {
        const seconds = readDuration(reader)
        this.#close()
        return { kind, seconds }
      }
      case 'revealed':
      case 'unrevealed': {
        const anchor = reader.hex(32, 'a hash') as Anchor
        reader.skipBlank()
        next()
        const by = readTime(reader)
        this.#close()
        return { kind, anchor, by }
      }
    }
  }

  #key(): PublicKey {
    return this.#reader.hex(32, 'a key') as PublicKey
  }

  #open(): void {
    this.#reader.skipBlank()
    this.#reader.expect('(', 'a (')
    this.#reader.skipBlank()
  }

  #close(): void {
    this.#reader.skipBlank()
    this.#reader.expect(')', 'a )')
  }

  /** Whether the list goes on; else it is closed. */
  #continues(): boolean {
    this.#reader.skipBlank()
    if (this.#reader.takes(')')) return false
    this.#reader.expect(',', 'a comma or )')
    this.#reader.skipBlank()
    return true
  }
}
