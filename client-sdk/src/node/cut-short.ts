import { open } from 'node:fs/promises'

/** What the header of a SQLite file has of it: the page size at 16, the number of pages at 28. */
const HEADER_BYTES = 100

/**
 * Whether a database file is shorter than its own header says, also because a checkpoint was cut. One
 * that is not there, or cannot be read, is not.
 */
export async function isCutShort(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const { buffer } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
      if (size < HEADER_BYTES) return size > 0
      return size < buffer.readUInt16BE(16) * buffer.readUInt32BE(28)
    } finally {
      await file.close()
    }
  } catch {
    // Opening it says what is wrong.
    return false
  }
}
