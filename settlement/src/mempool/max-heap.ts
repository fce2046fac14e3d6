/** The greatest item first; adding and taking cost a logarithm. */
export class MaxHeap<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  /** `compare` is negative when `a` is below `b`. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  push(item: T): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = items[parent]
      if (above === undefined || this.#compare(above, item) >= 0) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const [top] = items
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return top
  }

  #sink(item: T): void {
    const items = this.#items
    let at = 0
    for (;;) {
      const [left, right] = [items[2 * at + 1], items[2 * at + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && this.#compare(right, left) > 0
      const child = isRight ? right : left
      if (this.#compare(item, child) >= 0) break
      items[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    items[at] = item
  }
}
