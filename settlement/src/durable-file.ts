import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file whole or not at all, on disk when this resolves; `mode` as of `chmod`. */
export async function writeDurableFile(path: string, text: string, mode: number): Promise<void> {
  const part = `${path}.part`
  const file = await open(part, 'w', mode)
  try {
    try {
      // `open` leaves the mode of a file that a crash left behind as it was.
      await file.chmod(mode)
      await file.writeFile(text)
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
