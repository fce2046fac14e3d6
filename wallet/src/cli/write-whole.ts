import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError } from '@tallystick/daemon'

/** Whoever has such a file can close channels, or knows how many backups there were: its owner alone. */
const FILE_MODE = 0o600

/**
 * Writes a file that only its owner can read; the old one stays whole until the new one is on disk. What it
 * is written to first has a name that no other file has.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`
  const file = await open(beside, 'wx', FILE_MODE)
  try {
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/** Writes a new file that only its owner can read, and has it on disk. Throws `file_exists`. */
export async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    throw new CommandError('file_exists', `${path} is there already, and is not overwritten`)
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}
