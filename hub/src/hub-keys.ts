import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreFault } from '@tallystick/client-sdk'
import { readHighWaterMark } from '@tallystick/client-sdk/node'
import {
  deriveKeys,
  keyLock,
  type LockRoot,
  lockRoot,
  parseHex,
  type Signer,
  toHex,
} from '@tallystick/protocol'
import { auditMarkPathOf, beginAuditLog } from './audit/audit-log.js'
import { StartFault } from './start-fault.js'
import { beginSqliteJournal } from './store/sqlite-journal.js'

/** The hub's secrets: one key under all channels and sessions, one that its coins are locked to. */
export type HubKeys = {
  readonly signer: Signer
  readonly treasury: Signer
  readonly payoutLock: LockRoot
}

/** Only the owner may read or write it. */
const SECRET_FILE_MODE = 0o600

/**
 * The keys of a hub's folder. Where there is no key file, makes one that only its owner can read, after
 * the journal of what it signs (JRN-7) and the audit log (HUB-10) were begun. Errors: as of
 * `loadHubKeys`; `key_missing` where a hub was before.
 */
export async function initHubKeys(dataDir: string): Promise<HubKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) {
    const left = await usedFileOf(dataDir)
    if (left !== undefined) throw keyMissing(path, left)
    await beginSqliteJournal(journalPathOf(dataDir))
    await beginAuditLog(auditPathOf(dataDir))
    await createKeyFile(path)
  }
  return loadHubKeys(dataDir)
}

/**
 * Reads the key file of a hub's folder, 64 hex digits, and writes nothing. Errors: `StoreFault`
 * `key_missing`; a `StartFault` that names the file and never shows what is in it.
 */
export async function loadHubKeys(dataDir: string): Promise<HubKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) throw keyMissing(path, await usedFileOf(dataDir))
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw new StartFault('key_readable', `${path} must be readable by its owner alone (0600)`)
  }
  const seed = parseHex((await readFile(path, 'utf8')).trim())
  if (seed?.length !== 32) {
    throw new StartFault('key_damaged', `${path} does not hold a key: 64 hex digits are due`)
  }
  const keys = deriveKeys(seed)
  const treasury = keys.payout(0)
  return {
    signer: keys.channel(0),
    treasury,
    payoutLock: lockRoot(keyLock(treasury.publicKey)),
  }
}

/** Where the journal of a hub's folder is. */
export function journalPathOf(dataDir: string): string {
  return join(dataDir, 'hub.db')
}

/** Where the backups of its clients are. */
export function backupsPathOf(dataDir: string): string {
  return join(dataDir, 'backups.db')
}

/** Where the audit log of a hub's folder is. */
export function auditPathOf(dataDir: string): string {
  return join(dataDir, 'audit.log')
}

function keyPathOf(dataDir: string): string {
  return join(dataDir, 'hub.key')
}

/** JRN-7: a file that is only there where a hub was at work. A mark of nothing is an `init` that was cut. */
async function usedFileOf(dataDir: string): Promise<string | undefined> {
  const [journal, audit] = [journalPathOf(dataDir), auditPathOf(dataDir)]
  const file = [journal, audit, backupsPathOf(dataDir)].find(existsSync)
  if (file !== undefined) return file
  for (const mark of [`${journal}.mark`, auditMarkPathOf(audit)]) {
    if (existsSync(mark) && !(await isOfNothing(mark))) return mark
  }
  return undefined
}

async function isOfNothing(markPath: string): Promise<boolean> {
  try {
    return (await readHighWaterMark(markPath)).sequence === 0
  } catch (error) {
    // Of one that cannot be read, nobody knows what it said.
    if (error instanceof StoreFault && error.code !== 'store_failed') return false
    throw error
  }
}

function keyMissing(path: string, left: string | undefined): StoreFault {
  const detail =
    left === undefined
      ? 'run "hub init" first'
      : `the hub that ${left} belongs to had one: put hub.key back`
  return new StoreFault('key_missing', `${path} is missing: ${detail}`)
}

async function createKeyFile(path: string): Promise<void> {
  const file = await open(path, 'wx', SECRET_FILE_MODE)
  try {
    await file.writeFile(`${toHex(randomBytes(32))}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}
