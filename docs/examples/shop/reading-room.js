import { Refusal } from './refusal.js'

/** What a reader's browser calls itself: 16 random bytes, so that nobody reads on somebody else's account by trying. */
const READER = /^[A-Za-z0-9_-]{22}$/

/** Shows articles: what is free to everybody, and each section to who has paid for it. */
export class ReadingRoom {
  #articles
  #book

  constructor({ articles, book }) {
    this.#articles = new Map(articles.map((article) => [article.id, article]))
    this.#book = book
  }

  /** An article without what has to be paid for. */
  show(id) {
    const { sections, ...article } = this.#article(id)
    return { ...article, titles: sections.map(({ title }) => title) }
  }

  /** The sections that a reader has paid for. */
  readBy(id, reader) {
    const { sections } = this.#article(id)
    const numbers = this.#book.of(id, checkedReader(reader))
    return numbers.map((number) => ({ number, ...sections[number - 1] }))
  }

  /** One section. */
  section(id, number) {
    const section = /^[1-9][0-9]?$/.test(number)
      ? this.#article(id).sections[Number(number) - 1]
      : undefined
    if (section === undefined) throw new Refusal(404, 'The article has no such section.')
    return { number: Number(number), ...section }
  }

  /** Whether a reader has paid for a section. */
  isRead(id, reader, number) {
    return this.#book.of(id, checkedReader(reader)).includes(Number(number))
  }

  /** Notes that a reader has been served a section that was paid for. */
  async served(article, reader, number) {
    await this.#book.add({ article, reader, section: Number(number) })
  }

  #article(id) {
    const article = this.#articles.get(id)
    if (article === undefined) throw new Refusal(404, 'The shop has no such article.')
    return article
  }
}

function checkedReader(reader) {
  if (READER.test(reader)) return reader
  throw new Refusal(400, 'This is not the name of a reader.')
}
