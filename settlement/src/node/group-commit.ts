/**
 * Many writers, one sync: what arrives while a batch is being written goes into the next one. The
 * promise of `add` is kept when the item is durable; after the first failure all fail.
 */
export class GroupCommit<T> {
  readonly #write: (items: readonly T[]) => Promise<void>
  #waiting: T[] = []
  #next: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(write: (items: readonly T[]) => Promise<void>) {
    this.#write = write
  }

  add(item: T): Promise<void> {
    this.#waiting.push(item)
    this.#next ??= this.#startAfter(this.#running)
    return this.#next
  }

  #startAfter(running: Promise<void>): Promise<void> {
    const batch = running.then(() => {
      const items = this.#waiting
      this.#waiting = []
      this.#next = undefined
      return this.#write(items)
    })
    this.#running = batch
    return batch
  }
}
