import { type EntryKind, STATE_ENTRIES } from '@tallystick/protocol'

/** State keys that are remembered, 6 MB at most. */
const KEYS_MAX = 65_536
const KEYS_MIN = 1_024

/**
 * State keys of entries that were read since the last block, by the very object that named them: what
 * a block spends it names by the same one, and looking that up costs no hash and no string. The keys
 * lie in one array: as objects of their own they would outlive two collections of garbage.
 */
export class ReadKeys {
  readonly #positions = new Map<object, number>()
  #keys = new Uint8Array(32 * KEYS_MIN)
  #kinds = new Uint8Array(KEYS_MIN)

  /** The 32-byte key, good until the next is added; entries of two kinds may share a name. */
  get(kind: EntryKind, name: object): Uint8Array | undefined {
    const position = this.#positions.get(name)
    if (position === undefined || this.#kinds[position] !== STATE_ENTRIES[kind].byte)
      return undefined
    return this.#keys.subarray(32 * position, 32 * position + 32)
  }

  add(kind: EntryKind, name: object, key: Uint8Array): void {
    const position = this.#positions.size
    if (position === KEYS_MAX || this.#positions.has(name)) return
    if (position === this.#kinds.length) this.#grow()
    this.#positions.set(name, position)
    this.#kinds[position] = STATE_ENTRIES[kind].byte
    this.#keys.set(key, 32 * position)
  }

  clear(): void {
    this.#positions.clear()
  }

  #grow(): void {
    const [keys, kinds] = [this.#keys, this.#kinds]
    this.#keys = new Uint8Array(2 * keys.length)
    this.#kinds = new Uint8Array(2 * kinds.length)
    this.#keys.set(keys)
    this.#kinds.set(kinds)
  }
}
