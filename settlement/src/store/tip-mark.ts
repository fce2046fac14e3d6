import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { BlockId } from '@tallystick/protocol'
import { writeDurableFile } from '../durable-file.js'
import { LedgerFault } from '../ledger-fault.js'

/** The newest block that a node has shown to anybody; height 0: the genesis, so none. */
export type ShownBlock = { readonly height: number; readonly id: BlockId }

/**
 * What a mark says. `part`: of the node that noted it. A `validator` notes each block that its key
 * has signed; of a folder that a `follower` filled nobody knows what a key may have signed since.
 */
export type TipMarkRecord = ShownBlock & { readonly part: 'validator' | 'follower' }

/**
 * A high-water mark beside the store. SQLite drops commits without a word when its log is damaged,
 * and people restore backups: a node that then certified a second block of some height would have
 * two histories. A folder has its mark before it has its genesis, so that one without is damaged.
 * What is noted later is synced when the node stops: after power loss it may be behind, never ahead.
 */
export class TipMark {
  /** What it said when it was opened. */
  readonly found: TipMarkRecord
  readonly #file: FileHandle
  readonly #path: string
  readonly #part: TipMarkRecord['part']

  private constructor(
    file: FileHandle,
    path: string,
    found: TipMarkRecord,
    part: typeof found.part,
  ) {
    this.#file = file
    this.#path = path
    this.found = found
    this.#part = part
  }

  /** Opens one that `writeTipMark` made, for a node of this part. Throws `tip_mark_unusable`. */
  static async open(path: string, part: TipMarkRecord['part']): Promise<TipMark> {
    const found = await readTipMark(path)
    try {
      return new TipMark(await open(path, 'r+'), path, found, part)
    } catch (cause) {
      throw new LedgerFault('store_failed', `${path} cannot be opened`, cause)
    }
  }

  /** Notes a block before it is shown. One write of a fixed length within a sector: never half of it. */
  async note(shown: ShownBlock): Promise<void> {
    try {
      await this.#file.write(markText({ ...shown, part: this.#part }), 0, 'latin1')
    } catch (cause) {
      throw new LedgerFault('store_failed', `${this.#path} cannot be written`, cause)
    }
  }

  async close(): Promise<void> {
    try {
      await this.#file.datasync()
    } finally {
      await this.#file.close()
    }
  }
}

/** Makes a mark, or replaces one: whole and on disk when this resolves. */
export function writeTipMark(path: string, mark: TipMarkRecord): Promise<void> {
  return writeDurableFile(path, markText(mark), 0o644)
}

/** What a mark says. Throws `tip_mark_unusable` when it is missing, or not what was noted. */
export async function readTipMark(path: string): Promise<TipMarkRecord> {
  const text = await readMarkFile(path)
  const [, height, part, id] = MARK.exec(text) ?? []
  if (id !== undefined) {
    const mark = { height: Number(height), part: partOf(part), id: id as BlockId }
    if (markText(mark) === text) return mark
  }
  throw unusable(text === '' ? `${path} is empty` : `${path} is damaged`)
}

const MARK = /^(\d{16}) ([vf]) ([0-9a-f]{64}) [0-9a-f]{16}\n$/
/** Sixteen digits, a letter, 64 and 16 hex digits, with spaces between and a newline behind. */
const MARK_BYTES = 101
/** Hex digits of the SHA-256 over what is before them. */
const SUM_DIGITS = 16

function markText({ height, id, part }: TipMarkRecord): string {
  const text = `${String(height).padStart(16, '0')} ${part === 'validator' ? 'v' : 'f'} ${id} `
  return `${text}${createHash('sha256').update(text).digest('hex').slice(0, SUM_DIGITS)}\n`
}

function partOf(letter: string | undefined): TipMarkRecord['part'] {
  return letter === 'v' ? 'validator' : 'follower'
}

async function readMarkFile(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      // One byte more than it has, so that a longer one is not taken for it.
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK_BYTES + 1), 0, undefined, 0)
      return buffer.toString('latin1', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw unusable(`${path} is missing or cannot be read`, cause)
  }
}

function unusable(what: string, cause?: unknown): LedgerFault {
  const way = '"ledger accept-tip" goes on from the block that ledger.sqlite ends with'
  const detail = `${what}: nobody knows which block this folder has shown; ${way}`
  return new LedgerFault('tip_mark_unusable', detail, cause)
}
