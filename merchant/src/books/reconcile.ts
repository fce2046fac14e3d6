import { pause } from '@tallystick/client-sdk'
import type { OpenedWallet } from '@tallystick/client-sdk/node'
import { MAIN_ACCOUNT } from '../core/caller.js'
import type { MerchantParts } from '../desk/merchant-parts.js'
import { BOOK_LOOK_MS, BOOK_LOOKS_MAX } from '../limits.js'
import { BookingStore, type BookSums, insertBooking } from '../store/booking-store.js'
import { channelStakes } from './channel-stakes.js'
import { BOOK_ASSET, type LedgerBooks } from './ledger-books.js'

/** The books beside what ledger and channels hold, base units; equal where they reconcile (BOOKS-2). */
export type Reconciliation = {
  readonly height: number
  readonly booked: BookSums
  readonly found: BookSums
  readonly reconciles: boolean
}

export type ReconcileParts = MerchantParts & {
  readonly opened: Pick<OpenedWallet, 'ledger' | 'feed'>
  readonly ledgerBooks: LedgerBooks
  /** Takes in what the wallet knows and the server has not been told. */
  readonly catchUp: () => Promise<void>
}

/**
 * Compares the books with the coins that the ledger proves and with what the channels hold. Payments go on meanwhile, so
 * a difference is believed only once several looks have found one.
 */
export async function reconcile(parts: ReconcileParts): Promise<Reconciliation> {
  await parts.catchUp()
  for (let look = 1; ; look++) {
    const seen = await lookOnce(parts)
    if (seen.reconciles || look >= BOOK_LOOKS_MAX) return seen
    await pause(BOOK_LOOK_MS, undefined)
  }
}

async function lookOnce(parts: ReconcileParts): Promise<Reconciliation> {
  const { wallet, database, opened, ledgerBooks } = parts
  const bookings = new BookingStore(database)
  await bookEndedChannels(parts, bookings)
  const coins = await opened.ledger.coinsOf(wallet.payoutLock)
  const ledger = coins
    .filter(({ coin }) => coin.asset === BOOK_ASSET)
    .reduce((sum, { coin }) => sum + coin.amount, 0n)
  const channels = await inChannels(parts, bookings)
  const booked = await bookings.sums()
  const { height } = ledgerBooks
  const isEqual = booked.ledger === ledger && booked.channels === channels
  return {
    ...{ height, booked, found: { ledger, channels } },
    reconciles: isEqual && height >= opened.feed.height,
  }
}

/** What channels hold that have not come to their end in the books. */
async function inChannels({ wallet }: ReconcileParts, bookings: BookingStore): Promise<bigint> {
  const stakes = await stakesOf({ wallet }, bookings)
  let total = 0n
  for (const { held, stake } of stakes) {
    const { id } = held.party.ledger
    if (!(await bookings.isEnded(id))) total += stake - (await bookings.payoutsOf(id))
  }
  return total
}

/** Books what leaving a channel has cost, once all that it was to pay has come. */
async function bookEndedChannels(parts: ReconcileParts, bookings: BookingStore): Promise<void> {
  for (const { held, stake } of await stakesOf(parts, bookings)) {
    const { party, end } = held
    const { id } = party.ledger
    if (party.phase.kind !== 'closed' || end === undefined || (await bookings.isEnded(id))) continue
    const paid = await bookings.payoutsOf(id)
    if (paid !== end.client) continue
    await parts.database.write((statements) =>
      insertBooking(statements, {
        ...{ kind: 'channel_cost', reference: id, account: MAIN_ACCOUNT, link: id, text: '' },
        ...{ ledger: 0n, channels: paid - stake, time: end.time },
      }),
    )
  }
}

function stakesOf({ wallet }: Pick<ReconcileParts, 'wallet'>, bookings: BookingStore) {
  const channels = wallet.allChannels().filter(({ party }) => party.ledger.asset === BOOK_ASSET)
  return channelStakes(channels, { isBooked: (anchor) => bookings.isBooked(anchor) })
}
