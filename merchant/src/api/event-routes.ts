import { type ApiCaller, scopeOf, sees } from '../core/caller.js'
import type { MerchantParts } from '../desk/merchant-parts.js'
import { WAITING_MAX } from '../limits.js'
import { EventStore, type StoredEvent } from '../store/event-store.js'
import { ANSWERED } from './answers.js'
import { unknownCursor } from './page.js'
import { problem, RequestRefused } from './problem.js'
import { ROUTES } from './routes.js'
import type { RouteServer } from './serve-route.js'

/** The feed of events: whoever asks with the last id that they have seen misses nothing. */
export function serveEvents(server: RouteServer, { database, news }: MerchantParts): void {
  const events = new EventStore(database)
  const pageFor = async (caller: ApiCaller, after: string | undefined, limit: number) => {
    if (after !== undefined && !isSeen(caller, await events.get(after))) throw unknownCursor()
    return events.page({ account: scopeOf(caller), after, limit })
  }

  server.get(ROUTES.events, async ({ after, limit, wait }, caller, gone) => {
    const signal = AbortSignal.any([AbortSignal.timeout(wait * 1_000), gone])
    for (;;) {
      // Listens before it looks: what comes in between is not missed.
      const isNews = wait > 0 && !signal.aborted ? news.next(signal) : undefined
      if (news.waiting > WAITING_MAX) {
        const detail = `${WAITING_MAX} requests wait for events already`
        throw new RequestRefused(problem({ code: 'too_many_requests', detail }))
      }
      const found = await pageFor(caller, after, limit)
      if (found === undefined) throw unknownCursor()
      if (found.length === 0 && isNews !== undefined) {
        await isNews
        continue
      }
      const shown = found.slice(0, limit)
      const data = shown.map(eventResource)
      return { data, has_more: found.length > limit, next: shown.at(-1)?.id ?? after ?? null }
    }
  })
  server.get(ROUTES.event, async ({ id }, caller) => {
    const event = await events.get(id)
    if (event !== undefined && isSeen(caller, event)) return eventResource(event)
    throw new RequestRefused(problem({ code: 'not_found', detail: `there is no event ${id}` }))
  })
}

function isSeen(caller: ApiCaller, event: StoredEvent | undefined): boolean {
  return event !== undefined && sees(caller, event.account)
}

/** An event as the feed and webhooks show it. */
export function eventResource({ id, account, type, time, data }: StoredEvent) {
  return ANSWERED.event.parse({ id, object: 'event', account, type, time, data })
}
