import { open, rename } from 'node:fs/promises'

/** Whoever has such a file can close channels, or knows how many backups there were: its owner alone. */
const FILE_MODE = 0o600

/** Writes a file that only its owner can read; the old one stays whole until the new one is on disk. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w', FILE_MODE)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
}
