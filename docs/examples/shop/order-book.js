import { JsonLines } from './json-lines.js'

/** The orders of a shop, on disk. What became of their invoices the wallet knows, so it is not written here a second time. */
export class OrderBook {
  #lines
  #orders = new Map()

  /** Opens the file of `path`, or begins it. */
  static async open(path) {
    const book = new OrderBook()
    book.#lines = await JsonLines.open(path, (entry) => book.#apply(entry))
    return book
  }

  /** Adds an order; on disk when the promise is kept. */
  async add(order) {
    await this.#lines.add({ kind: 'order', ...order })
  }

  /** Notes the invoice by which a customer wants the money of an order back. */
  async askRefund(id, invoice) {
    await this.#lines.add({ kind: 'refund', id, invoice })
  }

  get(id) {
    return this.#orders.get(id)
  }

  /** All orders, the newest first. */
  all() {
    return [...this.#orders.values()].reverse()
  }

  close() {
    return this.#lines.close()
  }

  #apply({ kind, ...entry }) {
    if (kind === 'order') this.#orders.set(entry.id, { ...entry, refunds: [] })
    else this.#orders.get(entry.id)?.refunds.push(entry.invoice)
  }
}
