import { type ReconcileParts, reconcile } from '../books/reconcile.js'
import { BookingStore, type BookSums, type StoredBooking } from '../store/booking-store.js'
import { ROUTES } from './routes.js'
import type { RouteServer } from './serve-route.js'

/** Later than any time that is asked for, Unix seconds. */
const FOREVER = 2 ** 40

/** The books and whether they reconcile (BOOKS-1, BOOKS-2). */
export function serveBooks(server: RouteServer, parts: ReconcileParts): void {
  const bookings = new BookingStore(parts.database)
  let running: ReturnType<typeof reconcile> | undefined

  server.get(ROUTES.books, async () => {
    // However many ask, the ledger is asked once at a time.
    running ??= reconcile(parts).finally(() => {
      running = undefined
    })
    const { height, booked, found, reconciles } = await running
    return {
      ...{ object: 'books' as const, asset: 0, height, reconciles },
      ...{ booked: sumsResource(booked), found: sumsResource(found) },
      difference: sumsResource({
        ledger: found.ledger - booked.ledger,
        channels: found.channels - booked.channels,
      }),
    }
  })
  server.get(ROUTES.bookings, async ({ cursor = 0, limit, from = 0, to = FOREVER }) => {
    const found = await bookings.page({ after: cursor, from, to, limit })
    const opening = await bookings.sumsBefore(from)
    const before = await bookings.sumsUpTo(cursor, from, to)
    let [ledger, channels] = [opening.ledger + before.ledger, opening.channels + before.channels]
    const shown = found.slice(0, limit)
    const hasMore = found.length > limit
    const data = shown.map((booking) => {
      ledger += booking.ledger
      channels += booking.channels
      return bookingResource(booking, { ledger, channels })
    })
    return { data, has_more: hasMore, next: hasMore ? `${shown.at(-1)?.seq ?? cursor}` : null }
  })
}

function bookingResource(
  { kind, reference, account, ledger, channels, text, time }: StoredBooking,
  after: BookSums,
) {
  return {
    ...{ time, kind, reference, account, ledger: `${ledger}`, channels: `${channels}`, text },
    ...{ ledger_balance: `${after.ledger}`, channels_balance: `${after.channels}` },
  }
}

function sumsResource({ ledger, channels }: BookSums) {
  return { ledger: `${ledger}`, channels: `${channels}`, total: `${ledger + channels}` }
}
