import { open, readFile } from 'node:fs/promises'

/** A file of one JSON value per line, which is only ever added to. */
export class JsonLines {
  #file
  #apply

  /** Opens the file of `path`, or begins it; `apply` hears every value: those in it, and each new one once it is on disk. */
  static async open(path, apply) {
    const lines = new JsonLines()
    lines.#apply = apply
    const all = (await readFile(path, 'utf8').catch(() => '')).split('\n')
    // What a crash cut off was told to nobody, and stands behind the last line break.
    const whole = all.slice(0, -1)
    for (const line of whole) apply(JSON.parse(line))
    lines.#file = await open(path, 'a')
    await lines.#file.truncate(Buffer.byteLength(whole.map((line) => `${line}\n`).join('')))
    return lines
  }

  /** Adds a value; on disk when the promise is kept. */
  async add(value) {
    await this.#file.appendFile(`${JSON.stringify(value)}\n`)
    await this.#file.datasync()
    this.#apply(value)
  }

  async close() {
    await this.#file.close()
  }
}
