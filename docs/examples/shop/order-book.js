import { open, readFile } from 'node:fs/promises'

/**
 * The orders of a shop, one JSON object per line of a file, which is only ever added to. What became of their invoices the
 * wallet knows, so it is not written here a second time.
 */
export class OrderBook {
  #file
  #orders = new Map()

  /** Opens the file of `path`, or begins it. */
  static async open(path) {
    const book = new OrderBook()
    const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n')
    // What a crash cut off was told to nobody, and stands behind the last line break.
    const whole = lines.slice(0, -1)
    for (const line of whole) book.#apply(JSON.parse(line))
    book.#file = await open(path, 'a')
    await book.#file.truncate(Buffer.byteLength(whole.map((line) => `${line}\n`).join('')))
    return book
  }

  /** Adds an order; on disk when the promise is kept. */
  async add(order) {
    await this.#write({ kind: 'order', ...order })
  }

  /** Notes the invoice by which a customer wants the money of an order back. */
  async askRefund(id, invoice) {
    await this.#write({ kind: 'refund', id, invoice })
  }

  get(id) {
    return this.#orders.get(id)
  }

  /** All orders, the newest first. */
  all() {
    return [...this.#orders.values()].reverse()
  }

  async close() {
    await this.#file.close()
  }

  async #write(entry) {
    await this.#file.appendFile(`${JSON.stringify(entry)}\n`)
    await this.#file.datasync()
    this.#apply(entry)
  }

  #apply({ kind, ...entry }) {
    if (kind === 'order') this.#orders.set(entry.id, { ...entry, refunds: [] })
    else this.#orders.get(entry.id)?.refunds.push(entry.invoice)
  }
}
