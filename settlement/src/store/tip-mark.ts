import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { BlockId } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'

/** The newest block that this node has shown to anybody. */
export type ShownBlock = { readonly height: number; readonly id: BlockId }

/**
 * A high-water mark beside the store. SQLite drops commits without a word when its log is damaged,
 * and people restore backups: a node that then certified a second block of some height would have
 * two histories. It is not synced, so after power loss it may be behind; it is never ahead.
 */
export class TipMark {
  readonly #file: FileHandle
  readonly #path: string

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  static async open(path: string): Promise<TipMark> {
    try {
      return new TipMark(await open(path, constants.O_RDWR | constants.O_CREAT, 0o644), path)
    } catch (cause) {
      throw new LedgerFault('store_failed', `${path} cannot be opened`, cause)
    }
  }

  /** `undefined` when nothing was noted, or power was lost while it was. */
  async read(): Promise<ShownBlock | undefined> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(MARK_BYTES), 0, MARK_BYTES, 0)
    const text = buffer.toString('latin1', 0, bytesRead)
    const [, height, id] = /^(\d{16}) ([0-9a-f]{64})\n$/.exec(text) ?? []
    return id === undefined ? undefined : { height: Number(height), id: id as BlockId }
  }

  /** Notes a block before it is shown. One write of a fixed length, so never half of it. */
  async note({ height, id }: ShownBlock): Promise<void> {
    const text = `${String(height).padStart(16, '0')} ${id}\n`
    try {
      await this.#file.write(text, 0, 'latin1')
    } catch (cause) {
      throw new LedgerFault('store_failed', `${this.#path} cannot be written`, cause)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Sixteen digits, a space, 64 hex digits, a newline. */
const MARK_BYTES = 82
