type Piece = {
  readonly deadline: number
  readonly order: number
  readonly work: () => Promise<void>
}

/**
 * Work that is done at most `limit` pieces at a time, the nearest deadline first, of equal ones in the
 * order in which they came.
 */
export class Lanes {
  readonly #limit: number
  /** A binary heap: no piece comes before the one at half its place. */
  readonly #heap: Piece[] = []
  #running = 0
  #count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Pieces that wait or are under way. */
  get size(): number {
    return this.#heap.length + this.#running
  }

  /** `work` deals with its own failures, and with whatever takes too long. */
  add(deadline: number, work: () => Promise<void>): void {
    this.#push({ deadline, order: this.#count++, work })
    this.#pump()
  }

  #pump(): void {
    while (this.#running < this.#limit) {
      const piece = this.#pop()
      if (piece === undefined) return
      this.#running++
      void piece.work().finally(() => {
        this.#running--
        this.#pump()
      })
    }
  }

  #push(piece: Piece): void {
    let at = this.#heap.push(piece) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  #pop(): Piece | undefined {
    const [first] = this.#heap
    const last = this.#heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const least = this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(least, at)) return first
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a], this.#heap[b]]
    if (left === undefined || right === undefined) return false
    return (left.deadline - right.deadline || left.order - right.order) < 0
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#heap[a], this.#heap[b]]
    if (left === undefined || right === undefined) return
    this.#heap[a] = right
    this.#heap[b] = left
  }
}
