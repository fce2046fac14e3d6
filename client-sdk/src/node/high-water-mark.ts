import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { sha256, toHex, utf8 } from '@tallystick/protocol'
import type { Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'
import { writeDurableFile } from './durable-file.js'
import { writeFault } from './write-fault.js'

/** What a mark says: the newest commit that something may have been done because of. */
export type HighWaterMark = {
  /** Of the database that it belongs to, 32 hex digits. */
  readonly id: string
  readonly sequence: number
  readonly head: string
  /** Whether both places can be read; after a crash in the middle of a write, one can. */
  readonly isWhole: boolean
}

/**
 * A file of two places beside a database, outside of what SQLite looks after. Commits take turns:
 * an even one is noted in the first place, an odd one in the second, so that a torn write leaves the
 * commit before (JRN-4).
 */
export class MarkFile {
  readonly #file: FileHandle
  readonly #path: string

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  /** Makes the mark say this, whole and on disk, and opens it. Throws `store_failed`. */
  static async create(path: string, noted: Noted): Promise<MarkFile> {
    try {
      await writeDurableFile(path, utf8(markText(noted)))
      return new MarkFile(await open(path, constants.O_RDWR | (constants.O_DSYNC ?? 0)), path)
    } catch (cause) {
      throw writeFault(path, cause)
    }
  }

  /** Notes a commit; on disk when this resolves. Throws `store_failed`. */
  async note(noted: NotedCommit): Promise<void> {
    const place = Buffer.from(placeText(noted), 'latin1')
    try {
      const at = (noted.sequence % 2) * PLACE_BYTES
      const { bytesWritten } = await this.#file.write(place, 0, place.length, at)
      if (bytesWritten !== place.length) throw new Error(`${bytesWritten} bytes were written`)
      if (!WRITES_SYNC) await this.#file.datasync()
    } catch (cause) {
      throw writeFault(this.#path, cause)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Whether a write is on the disk when it is done, where the system can have it so: one call instead of two. */
const WRITES_SYNC = constants.O_DSYNC !== undefined

/** What is noted of a commit; of a chain of another kind than commits, of its newest link. */
type NotedCommit = Pick<Seal, 'id' | 'sequence' | 'head'>
/** The same with the head of the one before. */
type Noted = NotedCommit & Pick<Seal, 'previous'>

/** What the mark at `path` says. Errors: `mark_missing`, `mark_damaged`. */
export async function readHighWaterMark(path: string): Promise<HighWaterMark> {
  const text = await readMarkFile(path)
  const places = [0, 1].map((place) => placeOf(text, place))
  const [first, second] = places
  const isPair =
    first !== undefined &&
    second !== undefined &&
    first.id === second.id &&
    Math.abs(first.sequence - second.sequence) === 1
  const isWhole = isPair && text.length === 2 * PLACE_BYTES
  const readable = places.flatMap((place) => place ?? [])
  const newest = readable.sort((a, b) => b.sequence - a.sequence)[0]
  // Two places that do not follow one another are no torn write.
  if (newest === undefined || (readable.length === 2 && !isWhole) || text.length < PLACE_BYTES) {
    throw new StoreFault(
      'mark_damaged',
      `${path} is damaged: it does not say which commit was last`,
    )
  }
  return { ...newest, isWhole }
}

/** One place: a page of a disk, so that no write of one tears the other, bytes. */
const PLACE_BYTES = 4_096
/** Hex digits of the SHA-256 over what is before them. */
const SUM_DIGITS = 32
const PLACE = /^tallystick mark 1 ([0-9a-f]{32}) (\d{16}) ([0-9a-f]{64}) /

function markText(noted: Noted): string {
  const { id, sequence, previous } = noted
  // Before the first commit there is nothing for the other place.
  const before =
    sequence === 0
      ? '\n'.padStart(PLACE_BYTES)
      : placeText({ id, sequence: sequence - 1, head: previous })
  return sequence % 2 === 0 ? placeText(noted) + before : before + placeText(noted)
}

function placeText({ id, sequence, head }: NotedCommit): string {
  const text = `tallystick mark 1 ${id} ${String(sequence).padStart(16, '0')} ${head} `
  const sum = toHex(sha256(utf8(text))).slice(0, SUM_DIGITS)
  return `${`${text}${sum}`.padEnd(PLACE_BYTES - 1)}\n`
}

function placeOf(text: string, place: number): Omit<HighWaterMark, 'isWhole'> | undefined {
  const found = text.slice(place * PLACE_BYTES, (place + 1) * PLACE_BYTES)
  const [, id, digits, head] = PLACE.exec(found) ?? []
  if (id === undefined || digits === undefined || head === undefined) return undefined
  const noted = { id, sequence: Number(digits), head }
  return noted.sequence % 2 === place && placeText(noted) === found ? noted : undefined
}

async function readMarkFile(path: string): Promise<string> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (isMissing) throw new StoreFault('mark_missing', `${path} is missing`, cause)
    throw new StoreFault('store_failed', `${path} cannot be read`, cause)
  }
  try {
    // One byte more than it has, so that a longer one is not taken for it.
    const length = 2 * PLACE_BYTES + 1
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch (cause) {
    throw new StoreFault('store_failed', `${path} cannot be read`, cause)
  } finally {
    await file.close()
  }
}
