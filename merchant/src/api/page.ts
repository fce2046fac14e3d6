import { problem, RequestRefused } from './problem.js'

/** One page of a list; `found` holds one item more than `limit` when there are more. */
export function pageOf<T extends { readonly id: string }, R>(
  found: readonly T[] | undefined,
  limit: number,
  resource: (item: T) => R,
): { data: R[]; has_more: boolean; next: string | null } {
  if (found === undefined) throw unknownCursor()
  const shown = found.slice(0, limit)
  const hasMore = found.length > limit
  return {
    data: shown.map(resource),
    has_more: hasMore,
    next: hasMore ? (shown.at(-1)?.id ?? null) : null,
  }
}

export function unknownCursor(): RequestRefused {
  const detail = 'the cursor is none of this list'
  return new RequestRefused(problem({ code: 'bad_request', detail }))
}
