/** Slots by 32-byte keys, in twelve bytes each: what a million channels are found by costs no objects. */
export class SlotIndex {
  /** Twice as many numbers as places: the first eight bytes of each key. */
  #keys = new Uint32Array(2 * PLACES_MIN)
  /** By place: the slot plus two, or what stands for none. */
  #slots = new Uint32Array(PLACES_MIN)
  /** Places that hold a slot, and places whose slot is gone. */
  #taken = 0
  #removed = 0

  /** What it takes in memory. */
  get bytes(): number {
    return this.#keys.byteLength + this.#slots.byteLength
  }

  /** `key` is 64 hex digits; one key may have several slots. */
  add(key: string, slot: number): void {
    if (2 * (this.#taken + this.#removed + 1) > this.#slots.length) this.#rebuild()
    this.#put(numberAt(key, 0), numberAt(key, 8), slot)
  }

  remove(key: string, slot: number): void {
    const [high, low] = [numberAt(key, 0), numberAt(key, 8)]
    for (let at = this.#home(high, low); this.#slots[at] !== EMPTY; at = this.#next(at)) {
      if (this.#slots[at] !== slot + TAKEN || !this.#isAt(at, high, low)) continue
      this.#slots[at] = REMOVED
      this.#taken--
      this.#removed++
      if (this.#removed > this.#taken + PLACES_MIN) this.#rebuild()
      return
    }
  }

  /** The slots of every key that begins like this one: look whether it is the right one. */
  find(key: string): readonly number[] {
    const [high, low] = [numberAt(key, 0), numberAt(key, 8)]
    const found: number[] = []
    for (let at = this.#home(high, low); ; at = this.#next(at)) {
      const slot = this.#slots[at] ?? EMPTY
      if (slot === EMPTY) return found
      if (slot !== REMOVED && this.#isAt(at, high, low)) found.push(slot - TAKEN)
    }
  }

  #put(high: number, low: number, slot: number): void {
    let at = this.#home(high, low)
    while (this.#slots[at] !== EMPTY) at = this.#next(at)
    this.#keys[2 * at] = high
    this.#keys[2 * at + 1] = low
    this.#slots[at] = slot + TAKEN
    this.#taken++
  }

  /** With a quarter of the places taken, or as few as there are at least: what is gone takes none. */
  #rebuild(): void {
    const [keys, slots] = [this.#keys, this.#slots]
    let places = PLACES_MIN
    while (places < 4 * this.#taken) places *= 2
    this.#keys = new Uint32Array(2 * places)
    this.#slots = new Uint32Array(places)
    this.#taken = 0
    this.#removed = 0
    for (const [at, slot] of slots.entries()) {
      if (slot >= TAKEN) this.#put(keys[2 * at] ?? 0, keys[2 * at + 1] ?? 0, slot - TAKEN)
    }
  }

  /** Keys are hashes or points: their bits are as good as random. */
  #home(high: number, low: number): number {
    return (high ^ low) & (this.#slots.length - 1)
  }

  #next(at: number): number {
    return (at + 1) & (this.#slots.length - 1)
  }

  #isAt(at: number, high: number, low: number): boolean {
    return this.#keys[2 * at] === high && this.#keys[2 * at + 1] === low
  }
}

const PLACES_MIN = 16
/** What a place holds: nothing, one that is gone, or a slot from here on. */
const EMPTY = 0
const REMOVED = 1
const TAKEN = 2

/** Eight hex digits of a key as a number. */
function numberAt(key: string, digit: number): number {
  return Number.parseInt(key.slice(digit, digit + 8), 16)
}
