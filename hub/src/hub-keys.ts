import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StoreFault } from '@tallystick/client-sdk'
import { createSeedFile, loadSeedFile, readHighWaterMark } from '@tallystick/client-sdk/node'
import { deriveKeys, keyLock, type LockRoot, lockRoot, type Signer } from '@tallystick/protocol'
import { auditMarkPathOf, beginAuditLog } from './audit/audit-log.js'
import type { MailKeys } from './mail/mail-desk.js'
import { beginSqliteJournal } from './store/sqlite-journal.js'

/** The hub's secrets: one key under all channels and sessions, one that its coins are locked to. */
export type HubKeys = {
  readonly signer: Signer
  readonly treasury: Signer
  readonly payoutLock: LockRoot
  readonly mail: MailKeys
}

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
    await createSeedFile(path)
  }
  return loadHubKeys(dataDir)
}

/**
 * The keys in the key file of a hub's folder, 64 hex digits; writes nothing. Errors: `StoreFault`,
 * `key_missing`, or as of `loadSeedFile`.
 */
export async function loadHubKeys(dataDir: string): Promise<HubKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) throw keyMissing(path, await usedFileOf(dataDir))
  return hubKeysOf(await loadSeedFile(path))
}

/** The keys of a hub's seed, 32 bytes (KEY-4). */
export function hubKeysOf(seed: Uint8Array): HubKeys {
  const keys = deriveKeys(seed)
  const treasury = keys.payout(0)
  return {
    signer: keys.channel(0),
    treasury,
    payoutLock: lockRoot(keyLock(treasury.publicKey)),
    mail: { addresses: keys.secret('return address', 0), senders: keys.secret('mail sender', 0) },
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

/** Where the letters that it keeps for them are. */
export function mailPathOf(dataDir: string): string {
  return join(dataDir, 'mail.db')
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
  const files = [journal, audit, backupsPathOf(dataDir), mailPathOf(dataDir)]
  const file = files.find(existsSync)
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
