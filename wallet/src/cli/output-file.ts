import type { BigIntStats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandError } from '@tallystick/daemon'

/** What SQLite and this wallet keep beside a store. */
const BESIDE_STORE = ['-wal', '-shm', '-journal', '.mark']

/**
 * Makes sure that nothing else is lost by writing `path`: it is none of the files that the command lives
 * by, whatever name it goes by, and is new, or one that `replaces` has nothing against. Throws
 * `file_of_wallet`, `file_not_regular`, `file_exists`, `file_not_replaced`.
 */
export async function checkOutput(
  path: string,
  { keys, store }: { readonly keys: string; readonly store: string },
  /** Absent: nothing that is there is replaced. Throws why a file is not. */
  replaces?: (path: string) => Promise<unknown>,
): Promise<void> {
  const found = await ifThere(lstat(path, { bigint: true }))
  const place = await placeOf(path)
  for (const own of [keys, store, ...BESIDE_STORE.map((end) => `${store}${end}`)]) {
    if (place !== (await placeOf(own)) && !(await isFile(own, found))) continue
    throw new CommandError('file_of_wallet', `${path} is ${own}, which is needed: name another`)
  }
  if (found === undefined) return
  if (!found.isFile()) {
    const detail = `${path} is a link, a folder or a device, and is left alone: name a plain file`
    throw new CommandError('file_not_regular', detail)
  }
  if (replaces === undefined) {
    throw new CommandError('file_exists', `${path} is there already; --replace overwrites it`)
  }
  await replaces(path).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error
    const detail = `${path} is left alone: ${error.message}; move it away, or name another`
    throw new CommandError('file_not_replaced', detail)
  })
}

/** Where a file is or would be, without the links on the way to it. */
async function placeOf(path: string): Promise<string> {
  const folder = await ifThere(realpath(dirname(path)))
  return join(folder ?? dirname(path), basename(path))
}

/** Whether a path leads to that file, be it by a link. */
async function isFile(path: string, found: BigIntStats | undefined): Promise<boolean> {
  const other = await ifThere(stat(path, { bigint: true }))
  return found !== undefined && other?.dev === found.dev && other.ino === found.ino
}

async function ifThere<Found>(looked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await looked
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
