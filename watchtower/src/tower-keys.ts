import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreFault } from '@tallystick/client-sdk'
import {
  deriveKeys,
  keyLock,
  type LockRoot,
  lockRoot,
  parseHex,
  type Signer,
  toHex,
} from '@tallystick/protocol'
import { StartFault } from './start-fault.js'

/** A tower's secrets: the key of its challenges and receipts, and the one that its coins are under. */
export type TowerKeys = {
  readonly guard: Signer
  readonly coins: Signer
  /** Where it is funded, and where bounties are paid. */
  readonly payoutLock: LockRoot
}

/** Only the owner may read or write it. */
const SECRET_FILE_MODE = 0o600

/**
 * The keys of a tower's folder; makes a key file, readable by its owner alone, where there is none.
 * Errors: as of `loadTowerKeys`; `key_missing` where a tower was before.
 */
export async function initTowerKeys(dataDir: string): Promise<TowerKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) {
    const left = usedFileOf(dataDir)
    if (left !== undefined) throw keyMissing(path, left)
    await createKeyFile(path)
  }
  return loadTowerKeys(dataDir)
}

/**
 * Reads the key file of a tower's folder, 64 hex digits, and writes nothing. Errors: `StoreFault`
 * `key_missing`; a `StartFault` that names the file and never shows what is in it.
 */
export async function loadTowerKeys(dataDir: string): Promise<TowerKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) throw keyMissing(path, usedFileOf(dataDir))
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw new StartFault('key_readable', `${path} must be readable by its owner alone (0600)`)
  }
  const seed = parseHex((await readFile(path, 'utf8')).trim())
  if (seed?.length !== 32) {
    throw new StartFault('key_damaged', `${path} does not hold a key: 64 hex digits are due`)
  }
  const keys = deriveKeys(seed)
  const coins = keys.payout(0)
  return { guard: keys.identity, coins, payoutLock: lockRoot(keyLock(coins.publicKey)) }
}

/** Where the store of a tower's folder is. */
export function storePathOf(dataDir: string): string {
  return join(dataDir, 'watchtower.db')
}

function keyPathOf(dataDir: string): string {
  return join(dataDir, 'watchtower.key')
}

/** JRN-7: a file that is only there where a tower was at work. */
function usedFileOf(dataDir: string): string | undefined {
  const store = storePathOf(dataDir)
  return [store, `${store}.mark`].find(existsSync)
}

function keyMissing(path: string, left: string | undefined): StoreFault {
  const detail =
    left === undefined
      ? 'run "watchtower init" first'
      : `the tower that ${left} belongs to had one: put watchtower.key back`
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
