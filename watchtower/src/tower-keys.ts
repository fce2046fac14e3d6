import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StoreFault } from '@tallystick/client-sdk'
import { createSeedFile, loadSeedFile } from '@tallystick/client-sdk/node'
import { deriveKeys, keyLock, type LockRoot, lockRoot, type Signer } from '@tallystick/protocol'

/** A tower's secrets: the key of its challenges and receipts, and the one that its coins are under. */
export type TowerKeys = {
  readonly guard: Signer
  readonly coins: Signer
  /** Where it is funded, and where bounties are paid. */
  readonly payoutLock: LockRoot
}

/**
 * The keys of a tower's folder; makes a key file, readable by its owner alone, where there is none.
 * Errors: as of `loadTowerKeys`; `key_missing` where a tower was before.
 */
export async function initTowerKeys(dataDir: string): Promise<TowerKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) {
    const left = usedFileOf(dataDir)
    if (left !== undefined) throw keyMissing(path, left)
    await createSeedFile(path)
  }
  return loadTowerKeys(dataDir)
}

/**
 * The keys in the key file of a tower's folder, 64 hex digits; writes nothing. Errors: `StoreFault`,
 * `key_missing`, or as of `loadSeedFile`.
 */
export async function loadTowerKeys(dataDir: string): Promise<TowerKeys> {
  const path = keyPathOf(dataDir)
  if (!existsSync(path)) throw keyMissing(path, usedFileOf(dataDir))
  const keys = deriveKeys(await loadSeedFile(path))
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
