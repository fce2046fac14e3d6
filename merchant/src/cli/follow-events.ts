import { CommandError } from '@tallystick/daemon'
import type { z } from 'zod'
import type { ANSWERED } from '../api/answers.js'

/** A page of the feed of events. */
export type EventPage = z.output<typeof ANSWERED.events>

/** Where a feed is read from, and to. */
export type EventsFollowed = {
  /** The event behind which it begins; `null`: the first. */
  readonly after: string | null
  /** Whether it goes on at the end of the feed. */
  readonly isFollowing: boolean
  readonly ask: (cursor: string | null) => Promise<EventPage>
  readonly tell: (event: EventPage['data'][number]) => void
  /** Kept when a server that went away is asked again, for the n-th time from 0. */
  readonly pause: (attempt: number) => Promise<void>
}

/**
 * Tells events, the oldest first, each once. Who follows waits for a server that was there and went away, and goes on
 * behind the last event that was told. Throws as `ask` does.
 */
export async function followEvents(feed: EventsFollowed): Promise<void> {
  const { isFollowing, ask, tell, pause } = feed
  let cursor = feed.after
  let wasThere = false
  for (let [more, failures] = [true, 0]; more; ) {
    let page: EventPage
    try {
      page = await ask(cursor)
    } catch (error) {
      const isAway = error instanceof CommandError && error.code === 'merchant_unreachable'
      if (!isAway || !wasThere || !isFollowing) throw error
      await pause(failures++)
      continue
    }
    wasThere = true
    failures = 0
    for (const event of page.data) tell(event)
    cursor = page.next
    more = page.has_more || isFollowing
  }
}
