import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { StoreFault } from '@tallystick/client-sdk'
import { readHighWaterMark } from '@tallystick/client-sdk/node'
import { type AuditEntry, NO_LINE, parseAuditLine } from './audit-line.js'

/**
 * Reads a log from its first line to its last and tells each, also while a hub writes it. Resolves
 * to the number of lines when all are what was written, none is missing and none was moved. Errors:
 * `StoreFault` at the first that is not so, as of JRN-5.
 */
export async function verifyAudit(
  path: string,
  onEntry: (entry: AuditEntry) => void,
): Promise<number> {
  // First: what is written meanwhile is behind it.
  const mark = await readHighWaterMark(`${path}.mark`)
  let [sequence, head, isUnfinished] = [0, NO_LINE, false]
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: 0 })
  try {
    for await (const line of lines) {
      if (isUnfinished) throw damaged(`line ${sequence + 1} is not what was written`)
      const parsed = parseAuditLine(line)
      // What stands behind the mark and last may be a line that is just being written.
      isUnfinished = parsed === undefined && sequence >= mark.sequence
      if (isUnfinished) continue
      const follows = parsed?.entry.sequence === sequence + 1 && parsed.entry.previous === head
      if (parsed === undefined || !follows) {
        throw damaged(`line ${sequence + 1} is missing, changed or in another place`)
      }
      sequence++
      head = parsed.hash
      if (sequence === mark.sequence && head !== mark.head) {
        throw new StoreFault('store_swapped', `another line ${sequence} was written than is here`)
      }
      onEntry(parsed.entry)
    }
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) throw error
  }
  if (sequence < mark.sequence) {
    const detail = `${mark.sequence} lines were written, ${sequence} are here`
    throw new StoreFault('store_rolled_back', detail)
  }
  return sequence
}

function damaged(detail: string): StoreFault {
  return new StoreFault('store_corrupt', detail)
}
