import { stat } from 'node:fs/promises'

/** Whether there is something under a path. Throws what the system says otherwise. */
export function isFileThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}
