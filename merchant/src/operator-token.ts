import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createSeedFile, loadSeedFile } from '@tallystick/client-sdk/node'
import { toHex } from '@tallystick/protocol'

/**
 * The token of whoever runs this server, 64 hex digits, from a file of its folder that is made where there is none, for
 * its owner alone. Errors: as of `loadSeedFile`.
 */
export async function operatorToken(dataDir: string): Promise<string> {
  const path = operatorTokenPathOf(dataDir)
  if (!existsSync(path)) await createSeedFile(path)
  return toHex(await loadSeedFile(path))
}

/** Where it is. */
export function operatorTokenPathOf(dataDir: string): string {
  return join(dataDir, 'operator.token')
}
