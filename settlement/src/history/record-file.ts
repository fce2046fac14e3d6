import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { LedgerFault } from '../ledger-fault.js'
import { RECORD_BYTES_MAX } from '../limits.js'

/** What a file is recognized by. */
export type FileFacts = {
  /** Of the compressed file. */
  readonly bytes: number
  /** Of the compressed file, lower-case hex. */
  readonly sha256: string
}

/** Bytes of the length in front of a record, big-endian. */
const LENGTH_BYTES = 4

/**
 * Writes records into a gzip file: the length of each in 4 bytes, big-endian, and then its bytes.
 * The file is there whole and on disk when this resolves, or not at all.
 */
export async function writeRecordFile(
  path: string,
  records: AsyncIterable<Uint8Array>,
): Promise<FileFacts> {
  const part = `${path}.part`
  const digest = createHash('sha256')
  let bytes = 0
  await pipeline(
    Readable.from(framed(records), { objectMode: false }),
    createGzip(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        digest.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    },
    createWriteStream(part, { mode: 0o644, flush: true }),
  )
  await rename(part, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return { bytes, sha256: digest.digest('hex') }
}

async function* framed(records: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const record of records) {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(record.length)
    yield length
    yield record
  }
}

/**
 * The records of such a file, one at a time in memory. Throws `history_corrupt`, naming `where`, when
 * it is cut, longer than `facts` say, which is noticed with the first byte too many, or not the file
 * that they name, which is known only at its end.
 */
export async function* readRecordFile(
  file: Readable,
  where: string,
  facts: FileFacts | undefined,
): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  let bytes = 0
  const unzipped = createGunzip()
  const piped = pipeline(
    file,
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += chunk.length
        if (facts !== undefined && bytes > facts.bytes) throw wrongSize(where, facts)
        digest.update(chunk)
        yield chunk
      }
      if (facts !== undefined && bytes < facts.bytes) throw wrongSize(where, facts, bytes)
    },
    unzipped,
  )
  // Told by the loop below, which reads the last of these streams.
  piped.catch(() => undefined)
  try {
    yield* unframed(unzipped, where)
  } catch (cause) {
    if (cause instanceof LedgerFault) throw cause
    throw corrupt(where, `it cannot be read: ${String(cause)}`, cause)
  } finally {
    unzipped.destroy()
    file.destroy()
  }
  if (facts !== undefined && digest.digest('hex') !== facts.sha256) {
    throw corrupt(where, 'it is not the file that the index names')
  }
}

async function* unframed(chunks: AsyncIterable<Buffer>, where: string): AsyncGenerator<Uint8Array> {
  let held: Buffer[] = []
  let heldBytes = 0
  let due: number | undefined
  for await (const chunk of chunks) {
    held.push(chunk)
    heldBytes += chunk.length
    while (heldBytes >= (due ?? LENGTH_BYTES)) {
      const bytes = Buffer.concat(held)
      const taken = bytes.subarray(0, due ?? LENGTH_BYTES)
      held = [bytes.subarray(taken.length)]
      heldBytes -= taken.length
      if (due !== undefined) {
        due = undefined
        yield new Uint8Array(taken)
      } else {
        due = taken.readUInt32BE()
        if (due > RECORD_BYTES_MAX) throw corrupt(where, `a record claims ${due} bytes`)
      }
    }
  }
  if (due !== undefined || heldBytes > 0) throw corrupt(where, 'it ends inside a record')
}

/** `found`: absent while there is more to come. */
function wrongSize(where: string, { bytes }: FileFacts, found?: number): LedgerFault {
  const has = found === undefined ? 'more' : `${found}`
  return corrupt(where, `it has ${has} bytes, the index names ${bytes}`)
}

function corrupt(where: string, why: string, cause?: unknown): LedgerFault {
  return new LedgerFault('history_corrupt', `${where}: ${why}`, cause)
}
