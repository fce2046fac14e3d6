import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Has a folder be there, and those that it is to lie in. Step by step: where a file system makes none
 * (`/proc`), Node's own `recursive` tries without end. Throws what the system says.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    const above = dirname(path)
    if (code !== 'ENOENT' || above === path || (await isThere(above))) throw error
    await makeFolder(above)
    await mkdir(path)
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
