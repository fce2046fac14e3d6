/** What one client waits for, oldest first, and whose turn is after it. */
type Line<Client, Work> = {
  readonly client: Client
  first: Link<Work>
  last: Link<Work>
  next: Line<Client, Work> | undefined
}

type Link<Work> = { readonly work: Work; next: Link<Work> | undefined }

/**
 * Work of many clients, taken in turns: one piece of each that has any, then again. A client that
 * floods waits behind itself; another waits one turn of all that have work, whatever they sent
 * (INV-46). What one client pushed comes out in its order. Every piece costs the same few steps.
 */
export class FairQueue<Client, Work> {
  /** Who has work has a line here, and its place in the circle of turns. */
  readonly #lines = new Map<Client, Line<Client, Work>>()
  /** Whose turn is next. */
  #head: Line<Client, Work> | undefined
  /** Whose turn is last. */
  #tail: Line<Client, Work> | undefined
  #size = 0

  /** Pieces of work that wait. */
  get size(): number {
    return this.#size
  }

  /** Puts work behind everything else of `client`; one that had none waits its first turn. */
  push(client: Client, work: Work): void {
    const link: Link<Work> = { work, next: undefined }
    this.#size++
    const line = this.#lines.get(client)
    if (line !== undefined) {
      line.last.next = link
      line.last = link
      return
    }
    const created: Line<Client, Work> = { client, first: link, last: link, next: undefined }
    this.#lines.set(client, created)
    this.#goLast(created)
  }

  /** Takes at most `max` pieces; whose turn the last one was is the last to have the next. */
  take(max: number): Work[] {
    const taken: Work[] = []
    while (taken.length < max && this.#head !== undefined) {
      const line = this.#head
      taken.push(line.first.work)
      this.#head = line.next
      if (this.#head === undefined) this.#tail = undefined
      if (line.first.next === undefined) {
        this.#lines.delete(line.client)
      } else {
        line.first = line.first.next
        this.#goLast(line)
      }
    }
    this.#size -= taken.length
    return taken
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#lines.clear()
    this.#head = undefined
    this.#tail = undefined
    this.#size = 0
  }

  #goLast(line: Line<Client, Work>): void {
    line.next = undefined
    if (this.#tail === undefined) this.#head = line
    else this.#tail.next = line
    this.#tail = line
  }
}
