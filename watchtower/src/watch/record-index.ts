import type { ChannelNumber, PublicKey, Timestamp } from '@tallystick/protocol'
import type { RecordName } from '../core/appointment-record.js'
import type { RecordEntry } from '../store/tower-store.js'

/** What is kept, in memory and without the records themselves: some 300 bytes each. */
export class RecordIndex {
  readonly #entries = new Map<RecordName, RecordEntry>()
  readonly #byNumber = new Map<ChannelNumber, readonly RecordName[]>()
  readonly #perKey = new Map<PublicKey, number>()

  constructor(entries: Iterable<RecordEntry>) {
    for (const entry of entries) this.put(entry)
  }

  get size(): number {
    return this.#entries.size
  }

  get(name: RecordName): RecordEntry | undefined {
    return this.#entries.get(name)
  }

  names(): readonly RecordName[] {
    return [...this.#entries.keys()]
  }

  /** Records of this key. */
  ofKey(key: PublicKey): number {
    return this.#perKey.get(key) ?? 0
  }

  /** Records of these channels. */
  of(channels: Iterable<ChannelNumber>): RecordName[] {
    return [...channels].flatMap((number) => this.#byNumber.get(number) ?? [])
  }

  /** Appointments that are over at ledger time `now`. */
  expired(now: Timestamp): RecordName[] {
    return [...this.#entries.values()]
      .filter(({ validUntil }) => validUntil < now)
      .map(({ name }) => name)
  }

  put(entry: RecordEntry): void {
    const { name, number, key } = entry
    if (!this.#entries.has(name)) {
      this.#byNumber.set(number, [...(this.#byNumber.get(number) ?? []), name])
      this.#perKey.set(key, this.ofKey(key) + 1)
    }
    this.#entries.set(name, entry)
  }

  remove(name: RecordName): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    const { number, key } = entry
    this.#entries.delete(name)
    const others = (this.#byNumber.get(number) ?? []).filter((other) => other !== name)
    if (others.length === 0) this.#byNumber.delete(number)
    else this.#byNumber.set(number, others)
    const count = this.ofKey(key) - 1
    if (count === 0) this.#perKey.delete(key)
    else this.#perKey.set(key, count)
  }
}
