import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { parseHex, type Signer, signerFromSeed, toHex } from '@tallystick/protocol'
import { writeDurableFile } from './durable-file.js'
import { LedgerFault } from './ledger-fault.js'

/** Only the owner may read or write it. */
const SECRET_FILE_MODE = 0o600

/** The signer whose seed is in a key file. Throws `not_a_validator`, never showing the content. */
export async function readValidatorKey(path: string): Promise<Signer> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new LedgerFault('not_a_validator', `${path} cannot be read`, cause)
  })
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw new LedgerFault('not_a_validator', `${path} must be readable by its owner alone (0600)`)
  }
  const seed = parseHex(text.trim())
  if (seed?.length !== 32) {
    throw new LedgerFault('not_a_validator', `${path} holds no seed of 64 lower-case hex digits`)
  }
  return signerFromSeed(seed)
}

/** The seed of a new signer, 32 random bytes. */
export function newValidatorSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}

/** Puts a seed on disk for its owner's eyes only. */
export function writeValidatorKey(path: string, seed: Uint8Array): Promise<void> {
  return writeDurableFile(path, `${toHex(seed)}\n`, SECRET_FILE_MODE)
}
