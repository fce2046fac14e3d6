import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LedgerFault } from '../ledger-fault.js'
import { SqliteConnection } from '../store/sqlite-connection.js'
import type { Archive } from './archive.js'
import { verifyArchiveFile } from './verify-archive.js'

/**
 * Held by whoever writes an archive; no part of it. A database, because the lock on one ends with the
 * process that holds it, however that ends.
 */
const ARCHIVE_LOCK = 'archive.lock'
/** What a write that was killed leaves behind. */
const PART = /^(?:\d{10}-\d{10}\.blocks\.gz|\d{10}\.snapshot\.gz|archive\.json)\.part$/

/**
 * Works on the folder of an archive, made if it is not there, while nobody else does, and without
 * what an earlier run was killed over. Throws `store_in_use`.
 */
export async function withArchiveFolder<T>(out: string, work: () => Promise<T>): Promise<T> {
  await mkdir(out, { recursive: true })
  const lock = await SqliteConnection.open(join(out, ARCHIVE_LOCK), 'scratch')
  try {
    for (const name of await readdir(out)) if (PART.test(name)) await rm(join(out, name))
    return await work()
  } finally {
    await lock.close()
  }
}

/** Throws `history_corrupt` where files of an archive lie without its index. */
export async function requireNoFiles(out: string): Promise<void> {
  const orphan = (await readdir(out)).find((name) => /^\d{10}.*\.gz$/.test(name))
  if (orphan === undefined) return
  const detail = `${join(out, orphan)} is of an archive whose archive.json is gone: put it back, or begin in a new folder`
  throw new LedgerFault('history_corrupt', detail)
}

/**
 * Whether an archive in a folder can be gone on with: every file has the length that its index says,
 * and the last is whole. Throws `history_corrupt`. All that is in the others, `verifyArchive` tells.
 */
export async function checkArchiveFolder(out: string, archive: Archive): Promise<void> {
  const { files, checkpoints } = archive.index
  for (const { name, bytes } of [...files, ...checkpoints]) {
    const path = join(out, name)
    const found = existsSync(path) ? (await stat(path)).size : undefined
    if (found === bytes) continue
    const what = found === undefined ? 'it is missing' : `it has ${found} bytes, not ${bytes}`
    throw new LedgerFault('history_corrupt', `${path}: ${what}`)
  }
  const newest = files.at(-1)
  if (newest !== undefined) await verifyArchiveFile(archive, newest)
}
