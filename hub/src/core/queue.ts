/**
 * First in, first out: an array alone would move all that is left for each that is taken, and a map that
 * serves as one looks at every place that was emptied before its first.
 */
export class Queue<T> {
  #items: T[] = []
  #taken = 0

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.#items[this.#taken]
    if (item !== undefined) this.#taken++
    if (this.#taken > 1_024 && 2 * this.#taken > this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#taken; at < this.#items.length; at++) yield this.#items[at] as T
  }
}
