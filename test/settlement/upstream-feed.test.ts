import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { upstreamFeed } from '#settlement/follow/upstream-feed.js'
import { BROKEN_FRAMES, startBrokenWebSocket } from './broken-web-socket.js'

/** Far below the 30 s for which a library would wait. */
const IN_TIME = { timeout: 10_000 }

describe('INV-45 API-5 the feed of an upstream', () => {
  for (const [kind, why] of [
    ['reservedBit', /RSV1 must be clear/],
    ['huge', /Max payload size exceeded/],
  ] as const) {
    test(
      `that breaks the protocol (${kind}) is cut off at once, and no goodbye waited for`,
      IN_TIME,
      async (context) => {
        const host = await startBrokenWebSocket(context, BROKEN_FRAMES[kind])
        const feed = upstreamFeed(`http://${host}`, 1, new AbortController().signal)
        await assert.rejects(feed.next(), why)
      },
    )
  }
})
