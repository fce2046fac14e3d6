import {
  type Codec,
  decode,
  isRejection,
  parseHex,
  parseTimestamp,
  type Timestamp,
} from '@tallystick/protocol'
import { malformedAnswer } from './ledger-error.js'

/** One JSON object of a server's answer; every field is checked as it is read. */
export class Answer {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #where: string

  /** `where` names the answer in errors. Throws `LedgerError` unless `value` is an object. */
  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformedAnswer(`${where}: an object is due`)
    }
    this.#fields = value as Readonly<Record<string, unknown>>
    this.#where = where
  }

  /** A whole number from 0 to 2^53-1. */
  number(name: string): number {
    const value = this.#fields[name]
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.#fail(name, 'a whole number >= 0')
  }

  time(name: string): Timestamp {
    return parseTimestamp(this.number(name)) ?? this.#fail(name, 'a ledger time')
  }

  /** Text of at most `max` UTF-16 units. */
  text(name: string, max: number): string {
    const value = this.#fields[name]
    return typeof value === 'string' && value.length <= max
      ? value
      : this.#fail(name, `text of at most ${max} characters`)
  }

  flag(name: string): boolean {
    const value = this.#fields[name]
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false')
  }

  isNull(name: string): boolean {
    return this.#fields[name] === null
  }

  /** Bytes in lower-case hex. */
  bytes(name: string): Uint8Array {
    const value = this.#fields[name]
    const bytes = typeof value === 'string' ? parseHex(value) : undefined
    return bytes ?? this.#fail(name, 'lower-case hex')
  }

  /** What canonical bytes in hex encode. */
  decoded<T>(name: string, codec: Codec<T>): T {
    const value = decode(codec, this.bytes(name))
    return isRejection(value) ? this.#fail(name, 'a canonical encoding') : (value as T)
  }

  /** The objects of a list. */
  list(name: string): Answer[] {
    const value = this.#fields[name]
    return Array.isArray(value)
      ? value.map((item) => new Answer(item, `${this.#where}.${name}`))
      : this.#fail(name, 'a list')
  }

  #fail(name: string, due: string): never {
    throw malformedAnswer(`${this.#where}: ${name} is ${due}`)
  }
}
