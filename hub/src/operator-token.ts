import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createSeedFile, loadSeedFile } from '@tallystick/client-sdk/node'

/**
 * What whoever may read a hub's books shows it, 32 bytes, from a file of its folder that is made where there
 * is none: 64 hex digits, for its owner alone. Errors: as of `loadSeedFile`.
 */
export async function operatorToken(dataDir: string): Promise<Uint8Array> {
  const path = operatorTokenPathOf(dataDir)
  if (!existsSync(path)) await createSeedFile(path)
  return loadSeedFile(path)
}

/** Where it is. */
export function operatorTokenPathOf(dataDir: string): string {
  return join(dataDir, 'operator.token')
}
