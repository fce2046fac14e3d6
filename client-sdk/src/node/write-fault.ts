import { StoreFault } from '../store/store-fault.js'

/** What systems and SQLite call a disk, a quota or a file that takes no more. */
const NO_SPACE: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL'])
/** And what may be read at the most. */
const NOT_ALLOWED: ReadonlySet<unknown> = new Set([
  ...['EACCES', 'EPERM', 'EROFS'],
  ...['SQLITE_READONLY', 'SQLITE_PERM', 'SQLITE_CANTOPEN'],
])

/** A file that cannot be written; where that is for want of space or of rights, it says so. */
export function writeFault(path: string, cause: unknown): StoreFault {
  return new StoreFault('store_failed', whyNotWritten(path, cause), cause)
}

function whyNotWritten(path: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (NO_SPACE.has(code)) {
    return `there is no space left to write ${path}: make room, and start again`
  }
  if (NOT_ALLOWED.has(code)) {
    return `${path} or its folder may not be written by this user: give it to who runs this, on a disk that takes writes`
  }
  return `${path} cannot be written`
}
