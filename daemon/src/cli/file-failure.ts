/** What the operating system says no with, in words; `what` is the file, or the address. */
const REASONS: Readonly<Record<string, (what: string) => string>> = {
  ENOENT: (what) => `there is no ${what}`,
  EACCES: (what) => `${what} may not be used by this user`,
  EPERM: (what) => `${what} may not be used by this user`,
  EROFS: (what) => `${what} is where nothing can be written`,
  EEXIST: (what) => `${what} is there already`,
  EISDIR: (what) => `${what} is a folder, and a file is due`,
  ENOTDIR: (what) => `${what} is no folder, or inside of something that is none`,
  ENOTEMPTY: (what) => `${what} is not empty`,
  ENOSPC: (what) => `there is no space left for ${what}`,
  EADDRINUSE: (what) => `${what} is in use by another program: choose another --port`,
  EADDRNOTAVAIL: (what) => `${what} is no address of this machine: choose another --host`,
  ENOTFOUND: (what) => `${what} is no address that is known here`,
}

type SystemError = Error & {
  readonly code: string
  readonly syscall: string
  readonly path?: string
  readonly address?: string
  readonly hostname?: string
  readonly port?: number
}

/** A failure of the operating system, by name and in a sentence; `undefined` for any other error. */
export function fileFailure(
  error: unknown,
): { readonly code: 'file_unusable' | 'address_unusable'; readonly detail: string } | undefined {
  if (!isSystemError(error)) return undefined
  const { path, address, hostname, port } = error
  const host = address ?? hostname
  const code = host === undefined ? 'file_unusable' : 'address_unusable'
  const what = host === undefined ? (path ?? 'a file') : `${host}${port ? `:${port}` : ''}`
  const detail = REASONS[error.code]?.(what) ?? `${what} cannot be used (${error.code})`
  return { code, detail }
}

function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    'syscall' in error &&
    'code' in error &&
    typeof error.code === 'string'
  )
}
