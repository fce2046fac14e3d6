import { StoreFault } from '@tallystick/client-sdk'
import type { LetterId, PublicKey, Timestamp } from '@tallystick/protocol'
import { type LetterRejection, type MailUse, weighLetter } from '../core/weigh-letter.js'
import { MAIL_BATCH_MAX, MAIL_SWEEP_SECONDS } from '../limits.js'
import type { KeptLetter, LetterNote, LetterPlace, MailRows } from '../store/mail-rows.js'

type Box = Map<LetterId, Entry>

/** A letter in a box; it is handed out once it is stored. */
type Entry = {
  readonly note: LetterNote
  isStored: boolean
  readonly stored: Promise<void>
}

type Change =
  | { readonly kind: 'put'; readonly letter: LetterNote & KeptLetter }
  | { readonly kind: 'remove'; readonly place: LetterPlace }

/**
 * The letters that a hub keeps (MAIL-2, MAIL-3): which there are in memory, what they say on disk. What is
 * put counts at once, and is seen once it is on disk.
 */
export class MailBoxes {
  readonly #rows: MailRows
  readonly #onFault: (fault: unknown) => void
  readonly #boxes = new Map<PublicKey, Box>()
  readonly #ofSender = new Map<string, number>()
  #letters = 0
  #bytes = 0
  #queue: { readonly change: Change; readonly done: () => void }[] = []
  #writing: Promise<void> | undefined
  #sweptAt = 0

  private constructor(rows: MailRows, onFault: (fault: unknown) => void) {
    this.#rows = rows
    this.#onFault = onFault
  }

  /** `onFault` is told when the file failed, or was found damaged (JRN-3): the process must end. */
  static async open(rows: MailRows, onFault: (fault: unknown) => void): Promise<MailBoxes> {
    const boxes = new MailBoxes(rows, onFault)
    for (const note of await rows.list()) boxes.#add(note, Promise.resolve()).isStored = true
    return boxes
  }

  /** Letters that wait. */
  get size(): number {
    return this.#letters
  }

  /** Whether anything lies in the box of `recipient`. */
  holds(recipient: PublicKey): boolean {
    return this.#boxes.has(recipient)
  }

  /** Answers once the letter is on disk, `known` if it was before, or why it is not taken. */
  async put(
    letter: LetterNote & KeptLetter,
    now: Timestamp,
  ): Promise<'kept' | 'known' | LetterRejection> {
    const known = this.#boxes.get(letter.recipient)?.get(letter.id)
    if (known !== undefined) {
      await known.stored
      return 'known'
    }
    const weighed = weighLetter(this.#useFor(letter), letter, now)
    if (weighed !== 'fits') return weighed
    const { recipient, id, sender, expiry, bytes } = letter
    const entry = this.#add(
      { recipient, id, sender, expiry, bytes },
      this.#write({ kind: 'put', letter }),
    )
    await entry.stored
    entry.isStored = true
    return 'kept'
  }

  /** Forgets what the recipient has taken; answers how many of the letters there were. */
  async take(recipient: PublicKey, ids: readonly LetterId[]): Promise<number> {
    const taken = ids.flatMap((id) => this.#boxes.get(recipient)?.get(id) ?? [])
    await Promise.all(taken.map((entry) => this.#remove(entry)))
    return taken.length
  }

  /** What lies in the box of `recipient`. */
  async read(recipient: PublicKey): Promise<readonly KeptLetter[]> {
    if (!this.holds(recipient)) return []
    try {
      const found = await this.#rows.read(recipient)
      return found.filter(({ id }) => this.#boxes.get(recipient)?.get(id)?.isStored)
    } catch (error) {
      if (error instanceof StoreFault) this.#onFault(error)
      return []
    }
  }

  /**
   * Forgets what has expired by `now`, and the boxes of who `isServed` no more; looked for once a minute of
   * ledger time.
   */
  sweep(now: Timestamp, isServed: (recipient: PublicKey) => boolean): void {
    if (now < this.#sweptAt + MAIL_SWEEP_SECONDS) return
    this.#sweptAt = now
    for (const [recipient, box] of [...this.#boxes]) {
      const isOver = !isServed(recipient)
      for (const entry of [...box.values()]) {
        if (entry.isStored && (isOver || entry.note.expiry < now)) void this.#remove(entry)
      }
    }
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#rows.close()
  }

  #useFor({ recipient, sender }: LetterNote): MailUse {
    const notes = [...(this.#boxes.get(recipient)?.values() ?? [])].map(({ note }) => note)
    return {
      box: {
        letters: notes.length,
        bytes: notes.reduce((sum, { bytes }) => sum + bytes, 0),
        ofSender: notes.filter((note) => note.sender === sender).length,
      },
      ofSender: this.#ofSender.get(sender) ?? 0,
      all: { letters: this.#letters, bytes: this.#bytes },
    }
  }

  #add(note: LetterNote, stored: Promise<void>): Entry {
    const entry: Entry = { note, isStored: false, stored }
    const box: Box = this.#boxes.get(note.recipient) ?? new Map()
    box.set(note.id, entry)
    this.#boxes.set(note.recipient, box)
    this.#ofSender.set(note.sender, (this.#ofSender.get(note.sender) ?? 0) + 1)
    this.#letters++
    this.#bytes += note.bytes
    return entry
  }

  #remove({ note }: Entry): Promise<void> {
    const { recipient, id, sender, bytes } = note
    const box = this.#boxes.get(recipient)
    box?.delete(id)
    if (box?.size === 0) this.#boxes.delete(recipient)
    const left = (this.#ofSender.get(sender) ?? 1) - 1
    if (left > 0) this.#ofSender.set(sender, left)
    else this.#ofSender.delete(sender)
    this.#letters--
    this.#bytes -= bytes
    return this.#write({ kind: 'remove', place: { recipient, id } })
  }

  #write(change: Change): Promise<void> {
    return new Promise((done) => {
      this.#queue.push({ change, done })
      this.#writing ??= this.#writeAll()
    })
  }

  /** What waits shares a transaction, and so one sync; changes stay in their order. */
  async #writeAll(): Promise<void> {
    // What comes in the same turn shares the first one.
    await Promise.resolve()
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.splice(0, MAIL_BATCH_MAX)
        const last = new Map(batch.map(({ change }) => [nameOf(change), change]))
        const changes = [...last.values()]
        const put = changes.flatMap((change) => (change.kind === 'put' ? [change.letter] : []))
        const gone = changes.flatMap((change) => (change.kind === 'remove' ? [change.place] : []))
        await this.#rows.commit(put, gone)
        for (const { done } of batch) done()
      }
      this.#writing = undefined
    } catch (fault) {
      // INV-43: nothing is written on top of a write that failed, and nobody is answered.
      this.#onFault(fault)
    }
  }
}

function nameOf(change: Change): string {
  const { recipient, id } = change.kind === 'put' ? change.letter : change.place
  return `${recipient} ${id}`
}
