import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { ChainId, Genesis } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { ARCHIVE_INDEX_BYTES_MAX } from '../limits.js'
import { ARCHIVE_INDEX, type ArchiveIndex, parseArchiveIndex } from './archive-index.js'
import { readRecordFile } from './record-file.js'
import { openSnapshot, type Snapshot } from './snapshot.js'

/** An archive in a folder or on a file server, which is believed for nothing but its chain id. */
export class Archive {
  readonly index: ArchiveIndex
  readonly genesis: Genesis
  readonly chainId: ChainId
  readonly #location: string

  private constructor(location: string, read: ReturnType<typeof parseArchiveIndex>) {
    this.#location = location
    this.index = read.index
    this.genesis = read.genesis
    this.chainId = read.chainId
  }

  /** `location`: a folder, or an address that starts with http. Throws `history_corrupt`. */
  static async open(location: string): Promise<Archive> {
    const where = pathOf(location, ARCHIVE_INDEX)
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of await openFile(location, ARCHIVE_INDEX)) {
        length += chunk.length
        if (length > ARCHIVE_INDEX_BYTES_MAX) throw new Error('the index is too large')
        chunks.push(chunk)
      }
    } catch (cause) {
      if (cause instanceof LedgerFault) throw cause
      throw new LedgerFault('history_corrupt', `${where}: ${String(cause)}`, cause)
    }
    return new Archive(location, parseArchiveIndex(Buffer.concat(chunks).toString('utf8'), where))
  }

  /** The encoded blocks from a height on, to the end of the file that `to` is in; absent: to the end. */
  async *blocks(from: number, to = Infinity): AsyncGenerator<Uint8Array> {
    for (const { name, first, last, sha256 } of this.index.files) {
      if (last < from) continue
      if (first > to) return
      const where = pathOf(this.#location, name)
      let height = first
      const file = await openFile(this.#location, name)
      for await (const block of readRecordFile(file, where, sha256)) {
        if (height++ >= from) yield block
      }
      if (height === last + 1) continue
      const detail = `${where}: it holds ${height - first} blocks, the index says otherwise`
      throw new LedgerFault('history_corrupt', detail)
    }
  }

  /** The highest checkpoint up to a height; `undefined` when there is none. */
  async checkpoint(height: number): Promise<Snapshot | undefined> {
    const found = this.index.checkpoints.filter((one) => one.height <= height).at(-1)
    if (found === undefined) return undefined
    const where = pathOf(this.#location, found.name)
    const file = await openFile(this.#location, found.name)
    const snapshot = await openSnapshot(readRecordFile(file, where, found.sha256), where)
    const { chainId, height: at } = snapshot.block.header
    // Before anything of it is stored: the folder could not be used with this archive any more.
    if (chainId === this.chainId && at === found.height) return snapshot
    const detail = `${where}: it is of block ${at} of chain ${chainId}, the index says otherwise`
    throw new LedgerFault('history_corrupt', detail)
  }
}

function isAddress(location: string): boolean {
  return /^https?:\/\//.test(location)
}

function pathOf(location: string, name: string): string {
  return isAddress(location) ? `${location.replace(/\/+$/, '')}/${name}` : join(location, name)
}

async function openFile(location: string, name: string): Promise<Readable> {
  const path = pathOf(location, name)
  if (!isAddress(location)) return createReadStream(path)
  const response = await fetch(path).catch((cause) => {
    throw new LedgerFault('upstream_unreachable', `${path} does not answer`, cause)
  })
  if (response.status === 200 && response.body !== null) {
    // The same stream under the names of the web and of Node.
    return Readable.fromWeb(response.body as ReadableStream)
  }
  throw new LedgerFault('upstream_unusable', `${path} answers ${response.status}`)
}
