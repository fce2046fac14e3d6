import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ChainId, Genesis } from '@tallystick/protocol'
import { askServer, type ServerAnswer, wholeBody } from '../follow/ask-server.js'
import type { Pace } from '../follow/paced-body.js'
import { LedgerFault } from '../ledger-fault.js'
import { ARCHIVE_INDEX_BYTES_MAX, UPSTREAM_PACE } from '../limits.js'
import { ARCHIVE_INDEX, type ArchiveIndex, parseArchiveIndex } from './archive-index.js'
import { readRecordFile } from './record-file.js'
import { openSnapshot, type Snapshot } from './snapshot.js'

/** An archive in a folder or on a file server, which is believed for nothing but its chain id. */
export class Archive {
  readonly index: ArchiveIndex
  readonly genesis: Genesis
  readonly chainId: ChainId
  readonly #location: string
  readonly #pace: Pace

  private constructor(location: string, pace: Pace, read: ReturnType<typeof parseArchiveIndex>) {
    this.#location = location
    this.#pace = pace
    this.index = read.index
    this.genesis = read.genesis
    this.chainId = read.chainId
  }

  /**
   * `location`: a folder, or an address that starts with http, whose server has to keep `pace`. Throws
   * `history_corrupt`, and what `askServer` throws.
   */
  static async open(location: string, pace: Pace = UPSTREAM_PACE): Promise<Archive> {
    const where = pathOf(location, ARCHIVE_INDEX)
    const bytes = await indexBytes(location, where, pace)
    const read = parseArchiveIndex(Buffer.from(bytes).toString('utf8'), where)
    return new Archive(location, pace, read)
  }

  /** The encoded blocks from a height on, to the end of the file that `to` is in; absent: to the end. */
  async *blocks(from: number, to = Infinity): AsyncGenerator<Uint8Array> {
    for (const facts of this.index.files) {
      const { name, first, last } = facts
      if (last < from) continue
      if (first > to) return
      const where = pathOf(this.#location, name)
      let height = first
      const file = await openFile(this.#location, name, this.#pace)
      for await (const block of readRecordFile(file, where, facts)) {
        // At once: there need not be an end to what is sent.
        if (height > last) throw corrupt(where, 'it holds more blocks than the index says')
        if (height++ >= from) yield block
      }
      if (height === last + 1) continue
      throw corrupt(where, `it holds ${height - first} blocks, the index says otherwise`)
    }
  }

  /** The highest checkpoint up to a height; `undefined` when there is none. */
  async checkpoint(height: number): Promise<Snapshot | undefined> {
    const found = this.index.checkpoints.filter((one) => one.height <= height).at(-1)
    if (found === undefined) return undefined
    const where = pathOf(this.#location, found.name)
    const file = await openFile(this.#location, found.name, this.#pace)
    const snapshot = await openSnapshot(readRecordFile(file, where, found), where)
    const { chainId, height: at } = snapshot.block.header
    // Before anything of it is stored: the folder could not be used with this archive any more.
    if (chainId === this.chainId && at === found.height) return snapshot
    throw corrupt(where, `it is of block ${at} of chain ${chainId}, the index says otherwise`)
  }
}

function corrupt(where: string, why: string): LedgerFault {
  return new LedgerFault('history_corrupt', `${where}: ${why}`)
}

function isAddress(location: string): boolean {
  return /^https?:\/\//.test(location)
}

function pathOf(location: string, name: string): string {
  return isAddress(location) ? `${location.replace(/\/+$/, '')}/${name}` : join(location, name)
}

async function openFile(location: string, name: string, pace: Pace): Promise<Readable> {
  const path = pathOf(location, name)
  if (!isAddress(location)) return createReadStream(path)
  return (await openAnswer(path, pace)).body
}

async function openAnswer(url: string, pace: Pace): Promise<ServerAnswer> {
  const answer = await askServer(url, { pace })
  if (answer.status === 200) return answer
  answer.body.destroy()
  throw new LedgerFault('upstream_unusable', `${url} answers ${answer.status}`)
}

async function indexBytes(location: string, where: string, pace: Pace): Promise<Uint8Array> {
  if (isAddress(location)) {
    return wholeBody(where, await openAnswer(where, pace), ARCHIVE_INDEX_BYTES_MAX)
  }
  try {
    const { size } = await stat(where)
    if (size > ARCHIVE_INDEX_BYTES_MAX) throw new Error('the index is too large')
    return await readFile(where)
  } catch (cause) {
    throw new LedgerFault('history_corrupt', `${where}: ${String(cause)}`, cause)
  }
}
