import { open } from 'node:fs/promises'
import { StoreFault } from '@tallystick/client-sdk'
import { type HighWaterMark, readHighWaterMark } from '@tallystick/client-sdk/node'
import { AUDIT_LINE_BYTES_MAX, NO_LINE, parseAuditLine } from './audit-line.js'

/** Where a log ends. */
export type AuditEnd = {
  /** Of its mark. */
  readonly id: string
  readonly sequence: number
  /** Hash of its last line, and of the one before. */
  readonly head: string
  readonly previous: string
  /** Bytes up to the end of its last whole line. */
  readonly bytes: number
}

/**
 * Finds the end of a log by its last lines, however long it is: the line that its mark notes, and at
 * most one more, whose mark was cut. Errors: `StoreFault`, as of JRN-5.
 */
export async function findAuditEnd(path: string, markPath: string): Promise<AuditEnd> {
  const mark = await readHighWaterMark(markPath)
  const { text, from } = await readTail(path)
  const lines = text.split('\n').slice(0, -1)
  let bytes = from
  let end = mark.sequence === 0 ? firstEnd(mark, from, path) : undefined
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1
    const parsed = parseAuditLine(line)
    // The tail may begin in the middle of a line.
    if (parsed === undefined && end === undefined) continue
    if (parsed === undefined) throw damaged(path, 'a line at its end is not what was written')
    const { entry, hash } = parsed
    const { sequence, previous } = entry
    const isMarked = sequence === mark.sequence && hash === mark.head
    const isNext = end !== undefined && sequence === end.sequence + 1 && previous === end.head
    if (isMarked || isNext) end = { id: mark.id, sequence, head: hash, previous, bytes }
    else if (end !== undefined) throw damaged(path, `line ${sequence} does not follow`)
  }
  if (end === undefined) {
    const detail = `${path} does not end with line ${mark.sequence}, which was written`
    throw new StoreFault('store_rolled_back', detail)
  }
  if (end.sequence > mark.sequence + 1) {
    const detail = `${path} ends with line ${end.sequence}, its mark with ${mark.sequence}`
    throw new StoreFault('mark_rolled_back', detail)
  }
  if (end.sequence === mark.sequence && !mark.isWhole && mark.sequence > 0) {
    throw new StoreFault('mark_damaged', `half of the mark of ${path} cannot be read`)
  }
  return end
}

/** The last lines of which one is the marked one, and the place where they begin. */
const TAIL_BYTES = 4 * AUDIT_LINE_BYTES_MAX

async function readTail(path: string): Promise<{ readonly text: string; readonly from: number }> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const from = Math.max(0, size - TAIL_BYTES)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from)
      return { text: buffer.toString('latin1', 0, bytesRead), from }
    } finally {
      await file.close()
    }
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (isMissing) return { text: '', from: 0 }
    throw new StoreFault('store_failed', `${path} cannot be read`, cause)
  }
}

function firstEnd({ id }: HighWaterMark, from: number, path: string): AuditEnd {
  if (from > 0)
    throw new StoreFault('mark_rolled_back', `${path} is long, and its mark knows no line`)
  return { id, sequence: 0, head: NO_LINE, previous: NO_LINE, bytes: 0 }
}

function damaged(path: string, detail: string): StoreFault {
  return new StoreFault('store_corrupt', `${path}: ${detail}`)
}
