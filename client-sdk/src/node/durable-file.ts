import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PRIVATE_FILE_MODE } from './private-file.js'

/**
 * Writes a file whole or not at all, for its owner alone: it is on disk, under its name, when this resolves.
 */
export async function writeDurableFile(path: string, content: Uint8Array): Promise<void> {
  const part = `${path}.part`
  const file = await open(part, 'w', PRIVATE_FILE_MODE)
  try {
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
