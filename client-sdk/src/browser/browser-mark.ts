import type { Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'

const MARK = /^tallystick mark 1 ([0-9a-f]{32}) (0|[1-9][0-9]{0,14}) ([0-9a-f]{64})$/

/**
 * The newest commit of a store, noted beside its database in `localStorage` (WEB-3). Browsers write that to disk some
 * seconds later, so after a crash it may be older than the database; it is never newer.
 */
export class BrowserMark {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  /** Notes a commit that is on disk. Throws `store_failed`. */
  note({ id, sequence, head }: Seal): void {
    try {
      localStorage.setItem(this.#name, `tallystick mark 1 ${id} ${sequence} ${head}`)
    } catch (cause) {
      const detail = 'the browser gives this page no space for the mark of the wallet'
      throw new StoreFault('store_failed', detail, cause)
    }
  }

  /**
   * Whether there is a mark that can be read, and the store is not older than it. Throws `store_swapped`,
   * `store_rolled_back`.
   */
  vouchesFor(seal: Seal): boolean {
    const [, id, digits, head] = MARK.exec(localStorage.getItem(this.#name) ?? '') ?? []
    if (id === undefined) return false
    const sequence = Number(digits)
    const ask = 'open it with "restored: true" to have the hub asked where its channels stand'
    if (id !== seal.id || (sequence === seal.sequence && head !== seal.head)) {
      const detail = `the wallet in this browser has another history than its mark: ${ask}`
      throw new StoreFault('store_swapped', detail)
    }
    if (seal.sequence < sequence) {
      const detail = `the wallet in this browser ends with commit ${seal.sequence}, and commit ${sequence} was acted upon: ${ask}`
      throw new StoreFault('store_rolled_back', detail)
    }
    return true
  }

  remove(): void {
    localStorage.removeItem(this.#name)
  }
}
