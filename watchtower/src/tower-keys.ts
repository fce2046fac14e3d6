import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
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
 * Reads a tower's key file, 64 hex digits; makes one, readable by its owner alone, where there is
 * none. Throws a `StartFault` that names the file and never shows what is in it.
 */
export async function loadTowerKeys(path: string): Promise<TowerKeys> {
  if (!existsSync(path)) await createKeyFile(path)
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

async function createKeyFile(path: string): Promise<void> {
  const file = await open(path, 'wx', SECRET_FILE_MODE)
  try {
    await file.writeFile(`${toHex(randomBytes(32))}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}
