import { readFile, stat } from 'node:fs/promises'
import { CommandError } from '@tallystick/daemon'
import { type Mnemonic, parseMnemonic } from '@tallystick/protocol'

/**
 * The words of a key file, such as `ledger keys --make` writes. Throws `key_file_unusable`, never
 * showing the content.
 */
export async function readWordsFile(path: string): Promise<Mnemonic> {
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
