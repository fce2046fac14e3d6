import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { CommandError } from '@tallystick/daemon'
import {
  createMnemonic,
  deriveKeys,
  type Mnemonic,
  parseMnemonic,
  type Signer,
  seedFromMnemonic,
} from '@tallystick/protocol'
import { writeDurableFile } from '../durable-file.js'

/** Only the owner may read or write it. */
const SECRET_FILE_MODE = 0o600

/** Writes 24 fresh words into a new file. Throws `key_file_exists`. */
export async function createKeyFile(path: string): Promise<Mnemonic> {
  const isThere = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  if (isThere) throw new CommandError('key_file_exists', `${path} is there; no key is overwritten`)
  const words = createMnemonic(new Uint8Array(randomBytes(32)))
  await writeDurableFile(path, `${words}\n`, SECRET_FILE_MODE)
  return words
}

/** The words of a key file. Throws `key_file_unusable`, never showing the content. */
export async function readKeyFile(path: string): Promise<Mnemonic> {
  const unusable = (why: string) => new CommandError('key_file_unusable', `${path} ${why}`)
  const text = await readFile(path, 'utf8').catch(() => {
    throw unusable('cannot be read')
  })
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw unusable('must be readable by its owner alone (0600)')
  }
  const words = parseMnemonic(text)
  if (words === undefined) throw unusable('holds no BIP-39 words with a right checksum')
  return words
}

/** The key that the coins of a wallet are locked to: payout key 0, without a passphrase (KEY-2). */
export function coinSigner(words: Mnemonic): Signer {
  return deriveKeys(seedFromMnemonic(words, '')).payout(0)
}
