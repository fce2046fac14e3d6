import { chmod, open, stat } from 'node:fs/promises'

/** Only the owner may read or write it. */
export const PRIVATE_FILE_MODE = 0o600

/**
 * Has a file be there that only its owner can read, made empty where there is none. One that is there is
 * never opened: closing it would drop the locks that this process may have on it. Throws what the system says.
 */
export async function makePrivateFile(path: string): Promise<void> {
  if (await closeToOthers(path)) return
  const file = await open(path, 'a', PRIVATE_FILE_MODE)
  await file.close()
}

/** Takes a file from everybody but its owner; whether there is one. Throws what the system says. */
export async function closeToOthers(path: string): Promise<boolean> {
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) await chmod(path, PRIVATE_FILE_MODE)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
