import { WalletError } from '../wallet-error.js'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What speaks for the caller to one origin, and is nobody else's to read. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization', 'host'] as const
/** What describes a body, and goes with it. */
const OF_BODY = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
] as const

/** A request that is to be sent. */
export type Hop = { readonly url: URL; readonly init: RequestInit }

/**
 * Where a response leads, as the Fetch standard has it, or `undefined` where it is the answer. 303, and 301 and 302
 * of POST, become GET without the body; to another origin no credentials go along. Errors: `redirect_refused` where
 * the caller wants none, or it leads from https to anything else; `TypeError` where it is no address.
 */
export function redirectOf({ url, init }: Hop, response: Response): Hop | undefined {
  const isRedirect = REDIRECTS.has(response.status) || response.type === 'opaqueredirect'
  if (init.redirect === 'manual' || !isRedirect) return undefined
  if (init.redirect === 'error') {
    throw new WalletError('redirect_refused', `${url.origin} redirects, and that was not allowed`)
  }
  const location = response.headers.get('location')
  if (location === null) return undefined
  const to = new URL(location, url)
  const isSafe = to.protocol === 'https:' || (to.protocol === 'http:' && url.protocol === 'http:')
  if (!isSafe) {
    const detail = `${url.origin} redirects to ${to.protocol}, which is less safe than https`
    throw new WalletError('redirect_refused', detail)
  }
  const method = init.method?.toUpperCase() ?? 'GET'
  const isRead = method === 'GET' || method === 'HEAD'
  const becomesGet =
    (response.status === 303 && !isRead) ||
    (method === 'POST' && (response.status === 301 || response.status === 302))
  const headers = new Headers(init.headers)
  if (to.origin !== url.origin) for (const name of CREDENTIALS) headers.delete(name)
  if (!becomesGet) return { url: to, init: { ...init, headers } }
  for (const name of OF_BODY) headers.delete(name)
  const { body: _, ...rest } = init
  return { url: to, init: { ...rest, method: 'GET', headers } }
}
