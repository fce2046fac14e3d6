import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { StoreFault } from '@tallystick/client-sdk'
import { MarkFile, makePrivateFile } from '@tallystick/client-sdk/node'
import { toHex } from '@tallystick/protocol'
import { type AuditEnd, findAuditEnd } from './audit-end.js'
import {
  AUDIT_LINE_BYTES_MAX,
  type AuditFacts,
  type AuditKind,
  auditLine,
  NO_LINE,
} from './audit-line.js'

/** Where the log of a hub's folder is; its mark lies beside it. */
export function auditMarkPathOf(path: string): string {
  return `${path}.mark`
}

/**
 * HUB-10: notes that a log is going to be kept at `path`, before there is anything to be accounted
 * for: from then on, one without its mark has lost it. Throws `store_failed`.
 */
export async function beginAuditLog(path: string): Promise<void> {
  const noted = { id: newId(), sequence: 0, previous: NO_LINE, head: NO_LINE }
  await (await MarkFile.create(auditMarkPathOf(path), noted)).close()
}

/**
 * The hub's account of itself: lines that are only ever appended, each with the hash of the one
 * before, synced one by one, and the newest noted in a mark outside of the file (HUB-10).
 */
export class AuditLog {
  readonly #file: FileHandle
  readonly #mark: MarkFile
  readonly #path: string
  readonly #now: () => Date
  #end: Pick<AuditEnd, 'id' | 'sequence' | 'head'>
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  private constructor(
    { file, mark, end }: { file: FileHandle; mark: MarkFile; end: AuditEnd },
    path: string,
    now: () => Date,
  ) {
    this.#file = file
    this.#mark = mark
    this.#end = end
    this.#path = path
    this.#now = now
  }

  /**
   * Goes on with the log at `path`. One that is damaged is put aside under another name, and the new
   * one begins by saying so: a hub that does not run guards nobody's money. Throws `store_failed`.
   */
  static async open(path: string, now: () => Date): Promise<AuditLog> {
    try {
      return await AuditLog.#openAt(path, await findAuditEnd(path, auditMarkPathOf(path)), now)
    } catch (error) {
      if (!(error instanceof StoreFault) || error.code === 'store_failed') throw error
      const keptAs = `${path}.damaged-${newId().slice(0, 8)}`
      await putAside(path, keptAs)
      await beginAuditLog(path)
      const log = await AuditLog.open(path, now)
      await log.append('log_damaged', { code: error.code, detail: error.message, kept_as: keptAs })
      return log
    }
  }

  static async #openAt(path: string, end: AuditEnd, now: () => Date): Promise<AuditLog> {
    try {
      await makePrivateFile(path)
      const file = await open(path, 'a')
      // The rest is a line whose writing was cut: nobody was told of it.
      await file.truncate(end.bytes)
      const mark = await MarkFile.create(auditMarkPathOf(path), end)
      return new AuditLog({ file, mark, end }, path, now)
    } catch (cause) {
      throw new StoreFault('store_failed', `${path} cannot be opened`, cause)
    }
  }

  /** Appends a line; on disk when this resolves. Throws `store_failed`. A closed log takes no more. */
  append(kind: AuditKind, facts: AuditFacts): Promise<void> {
    if (this.#isClosed) return this.#last.then(() => undefined)
    const done = this.#last.then(() => this.#append(kind, facts))
    // Who asked is told.
    this.#last = done.catch(() => undefined)
    return done
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
    await this.#file.close()
    await this.#mark.close()
  }

  async #append(kind: AuditKind, facts: AuditFacts): Promise<void> {
    const { id, sequence, head: previous } = this.#end
    const at = this.#now().toISOString()
    const { line, hash } = auditLine({ sequence: sequence + 1, at, kind, facts, previous })
    const bytes = Buffer.from(`${line}\n`)
    if (bytes.length > AUDIT_LINE_BYTES_MAX) throw new RangeError(`a line of ${bytes.length} bytes`)
    try {
      await this.#file.appendFile(bytes)
      await this.#file.datasync()
    } catch (cause) {
      throw new StoreFault('store_failed', `${this.#path} cannot be written`, cause)
    }
    this.#end = { id, sequence: sequence + 1, head: hash }
    await this.#mark.note(this.#end)
  }
}

/** A log that is not there need not be kept. */
async function putAside(path: string, keptAs: string): Promise<void> {
  try {
    await rename(path, keptAs)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return
    throw new StoreFault('store_failed', `${path} cannot be put aside`, cause)
  }
}

function newId(): string {
  return toHex(randomBytes(16))
}
