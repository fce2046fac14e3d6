import { COUNTER_MAX } from '@tallystick/protocol'
import type { OrderedKind, WalletStore } from '../store/wallet-store.js'
import { WalletError } from '../wallet-error.js'
import { pageOf } from './record-order.js'

/** Entries of one page, unless told otherwise, and at the most. */
const PAGE_LIMIT = 20
const PAGE_LIMIT_MAX = 100

/** Which page of a list is wanted. */
export type PageWish<Status extends string> = {
  /** `next` of the page before; absent: the newest. */
  readonly after?: string
  /** Entries, 1 to 100; absent: 20. */
  readonly limit?: number
  /** Those of this status alone; absent: all. */
  readonly status?: Status
}

/** Entries, newest first, and where the next page begins; absent: there is none. */
export type Page<T> = { readonly items: readonly T[]; readonly next: string | undefined }

/**
 * A page of one of the lists of a wallet, which costs what it holds (PAY-8). `get` reads one entry.
 * Errors: `page_invalid`.
 */
export async function recordPage<T>(
  store: WalletStore,
  kind: OrderedKind,
  { after, limit = PAGE_LIMIT, status }: PageWish<string>,
  get: (name: string) => Promise<T | undefined>,
): Promise<Page<T>> {
  const bounds = pageBounds({ ...(after !== undefined && { after }), limit })
  const wanted = { status: status ?? 'all', after: bounds.after, limit: bounds.limit + 1 }
  const places = await pageOf(store, kind, wanted)
  const shown = places.slice(0, limit)
  const entries = await Promise.all(shown.map(({ name }) => get(name)))
  const last = places.length > limit ? shown.at(-1) : undefined
  return {
    items: entries.filter((entry) => entry !== undefined),
    next: last && String(last.place),
  }
}

/** Every entry of a list, page by page. */
export async function* entriesOf<T, Status extends string>(
  pageAt: (wish: PageWish<Status>) => Promise<Page<T>>,
  wish: PageWish<Status>,
): AsyncGenerator<T, void> {
  let after = wish.after
  do {
    const { items, next } = await pageAt({ ...wish, ...(after === undefined ? {} : { after }) })
    yield* items
    after = next
  } while (after !== undefined)
}

/** Where a page begins, and how long it is. Errors: `page_invalid`. */
export function pageBounds({
  after,
  limit = PAGE_LIMIT,
}: {
  readonly after?: string
  readonly limit?: number
}): { readonly after: number | undefined; readonly limit: number } {
  return { after: placeOf(after), limit: limitOf(limit) }
}

function placeOf(after: unknown): number | undefined {
  if (after === undefined) return undefined
  const isPlace = typeof after === 'string' && /^[1-9][0-9]{0,14}$/.test(after)
  if (isPlace && Number(after) <= COUNTER_MAX) return Number(after)
  throw new WalletError('page_invalid', 'after is what the page before gave as next')
}

function limitOf(limit: unknown): number {
  const isCount = typeof limit === 'number' && Number.isInteger(limit)
  if (isCount && limit > 0 && limit <= PAGE_LIMIT_MAX) return limit
  throw new WalletError('page_invalid', `limit is a whole number of 1 to ${PAGE_LIMIT_MAX}`)
}
