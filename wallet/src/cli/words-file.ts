import { readFile, rm, stat } from 'node:fs/promises'
import { CommandError } from '@tallystick/daemon'
import { type Mnemonic, parseMnemonic } from '@tallystick/protocol'
import { writeNew } from './write-whole.js'

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

/** Whether a file with words was written; one without a byte was cut before there were any. */
export async function isWordsFileThere(path: string): Promise<boolean> {
  return (await sizeOf(path)) > 0
}

/** Writes a new file with words, for its owner alone. Throws `file_exists`. */
export async function writeWordsFile(path: string, words: Mnemonic): Promise<void> {
  if ((await sizeOf(path)) === 0) await rm(path, { force: true })
  await writeNew(path, `${words}\n`)
}

/** Bytes; -1: there is no file. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return -1
      throw error
    },
  )
}
