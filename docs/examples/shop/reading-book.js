import { JsonLines } from './json-lines.js'

/** Which sections of which article each reader has paid for, on disk: they are paid once, and read again for nothing. */
export class ReadingBook {
  #lines
  #read = new Map()

  /** Opens the file of `path`, or begins it. */
  static async open(path) {
    const book = new ReadingBook()
    book.#lines = await JsonLines.open(path, (entry) => book.#apply(entry))
    return book
  }

  /** Notes a section; known at once, and on disk when the promise is kept. */
  async add(entry) {
    this.#apply(entry)
    await this.#lines.add(entry)
  }

  /** Numbers of the sections that a reader has paid for, in order. */
  of(article, reader) {
    return [...(this.#read.get(`${article} ${reader}`) ?? [])].sort((a, b) => a - b)
  }

  close() {
    return this.#lines.close()
  }

  #apply({ article, reader, section }) {
    const key = `${article} ${reader}`
    this.#read.set(key, (this.#read.get(key) ?? new Set()).add(section))
  }
}
