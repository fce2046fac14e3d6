import { StoreFault } from '../store/store-fault.js'

/** What systems and SQLite call a disk, a quota or a file that takes no more. */
const NO_SPACE: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL'])

/** A file that cannot be written; where that is for want of space, it says so. */
export function writeFault(path: string, cause: unknown): StoreFault {
  const isFull = cause instanceof Error && 'code' in cause && NO_SPACE.has(cause.code)
  const detail = isFull
    ? `there is no space left to write ${path}: make room, and start again`
    : `${path} cannot be written`
  return new StoreFault('store_failed', detail, cause)
}
