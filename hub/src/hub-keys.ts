import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  deriveKeys,
  keyLock,
  type LockRoot,
  lockRoot,
  parseHex,
  type Signer,
  toHex,
} from '@tallystick/protocol'
import { beginAuditLog } from './audit/audit-log.js'
import { StartFault } from './start-fault.js'
import { beginSqliteJournal } from './store/sqlite-journal.js'

/** The hub's secrets: one key under all channels and sessions, one that its coins are locked to. */
export type HubKeys = {
  readonly signer: Signer
  readonly treasury: Signer
  readonly payoutLock: LockRoot
}

/**
 * Reads the key file of a hub's folder, 64 hex digits; creates one that only its owner can read if
 * there is none, after the journal of what it signs (JRN-7) and the audit log (HUB-10) were begun.
 */
export async function loadHubKeys(dataDir: string): Promise<HubKeys> {
  const path = join(dataDir, 'hub.key')
  if (!existsSync(path)) {
    await beginSqliteJournal(journalPathOf(dataDir))
    await beginAuditLog(auditPathOf(dataDir))
    await createKeyFile(path)
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

/** Where the audit log of a hub's folder is. */
export function auditPathOf(dataDir: string): string {
  return join(dataDir, 'audit.log')
}

async function createKeyFile(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${toHex(randomBytes(32))}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}
