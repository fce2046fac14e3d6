import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { parseHex, toHex } from '@tallystick/protocol'
import { StoreFault } from '../store/store-fault.js'
import { writeDurableFile } from './durable-file.js'

/** Bytes of the seed that the keys of a server are derived from. */
const SEED_BYTES = 32

/**
 * Writes a fresh seed for the keys of a server, as 64 hex digits, for its owner alone: whole or not at
 * all. Whoever calls it has seen that there is none. Throws what the system says.
 */
export async function createSeedFile(path: string): Promise<void> {
  await writeDurableFile(path, Buffer.from(`${toHex(randomBytes(SEED_BYTES))}\n`))
}

/**
 * The seed in a key file, 32 bytes. Errors: `StoreFault`, `key_readable` or `key_damaged`, which names
 * the file and never shows what is in it; what the system says of a file that is not there.
 */
export async function loadSeedFile(path: string): Promise<Uint8Array> {
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw new StoreFault('key_readable', `${path} must be readable by its owner alone (0600)`)
  }
  const seed = parseHex((await readFile(path, 'utf8')).trim())
  if (seed?.length !== SEED_BYTES) {
    throw new StoreFault('key_damaged', `${path} does not hold a key: 64 hex digits are due`)
  }
  return seed
}
