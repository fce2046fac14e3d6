import { BOOKING_KINDS, type Booking } from '../core/booking.js'
import type { MerchantDatabase, Row, SqlValue, Statements } from './merchant-database.js'
import { numberIn, textIn } from './object-row.js'

/** A movement as it stands in the books, with what was there after it. */
export type StoredBooking = Booking & { readonly seq: number }

/** Sums, base units. */
export type BookSums = { readonly ledger: bigint; readonly channels: bigint }

const COLUMNS = 'seq, kind, reference, ledger, channels, link, account, text, time'

/** Halves: SQLite's integers come back as JavaScript's numbers, which are too short for money. */
const halves = (column: 'ledger' | 'channels') =>
  `COALESCE(SUM(CAST(${column} AS INTEGER) / 1000000000), 0) AS ${column}_high,
   COALESCE(SUM(CAST(${column} AS INTEGER) % 1000000000), 0) AS ${column}_low`

/** The books of a shop: every movement, in the order in which it was noticed. */
export class BookingStore {
  readonly #database: MerchantDatabase

  constructor(database: MerchantDatabase) {
    this.#database = database
  }

  /** Up to `limit + 1` movements behind `after`, noted at `from` or later and before `to`. */
  page(wish: {
    readonly after: number
    readonly from: number
    readonly to: number
    readonly limit: number
  }): Promise<readonly StoredBooking[]> {
    const { after, from, to, limit } = wish
    return this.#database.read(async ({ all }) => {
      const rows = await all(
        `SELECT ${COLUMNS} FROM booking WHERE seq > ? AND time >= ? AND time < ? ORDER BY seq LIMIT ?`,
        [after, from, to, limit + 1],
      )
      return rows.map(bookingOf)
    })
  }

  /** What all movements before a time come to. */
  sumsBefore(time: number): Promise<BookSums> {
    return this.#database.read((statements) => sumsWhere(statements, 'time < ?', [time]))
  }

  /** What all movements up to one come to, those of a span of time only. */
  sumsUpTo(seq: number, from: number, to: number): Promise<BookSums> {
    return this.#database.read((statements) =>
      sumsWhere(statements, 'seq <= ? AND time >= ? AND time < ?', [seq, from, to]),
    )
  }

  sums(): Promise<BookSums> {
    return this.#database.read((statements) => sumsWhere(statements, 'TRUE', []))
  }

  /** What a channel has paid in its end, as far as the ledger was followed. */
  payoutsOf(channel: string): Promise<bigint> {
    return this.#database.read(async (statements) => {
      const where = "kind = 'channel_payout' AND link = ?"
      return (await sumsWhere(statements, where, [channel])).ledger
    })
  }

  /** Whether a sale, a payment or a refund of this anchor is booked. */
  async isBooked(anchor: string): Promise<boolean> {
    const [row] = await this.#database.read(({ all }) =>
      all("SELECT 1 FROM booking WHERE link = ? AND kind IN ('sale', 'payment', 'refund')", [
        anchor,
      ]),
    )
    return row !== undefined
  }

  /** Whether what leaving a channel has cost is booked: nothing comes of it any more. */
  async isEnded(channel: string): Promise<boolean> {
    const [row] = await this.#database.read(({ all }) =>
      all("SELECT 1 FROM booking WHERE kind = 'channel_cost' AND reference = ?", [channel]),
    )
    return row !== undefined
  }
}

/** Books a movement in the transaction of what it is about; the same one again changes nothing. */
export async function insertBooking({ run }: Statements, booking: Booking): Promise<void> {
  const { kind, reference, ledger, channels, link, account, text, time } = booking
  await run(
    'INSERT OR IGNORE INTO booking (kind, reference, ledger, channels, link, account, text, time) VALUES (?,?,?,?,?,?,?,?)',
    [kind, reference, ledger.toString(), channels.toString(), link, account, text, time],
  )
}

async function sumsWhere(
  { all }: Statements,
  where: string,
  values: readonly SqlValue[],
): Promise<BookSums> {
  const [row = {}] = await all(
    `SELECT ${halves('ledger')}, ${halves('channels')} FROM booking WHERE ${where}`,
    values,
  )
  const whole = (column: string) =>
    BigInt(numberIn(row, `${column}_high`)) * 1_000_000_000n +
    BigInt(numberIn(row, `${column}_low`))
  return { ledger: whole('ledger'), channels: whole('channels') }
}

function bookingOf(row: Row): StoredBooking {
  return {
    seq: numberIn(row, 'seq'),
    kind: BOOKING_KINDS.find((kind) => kind === row['kind']) ?? 'opening',
    ...{ reference: textIn(row, 'reference'), link: textIn(row, 'link') },
    ...{ ledger: BigInt(textIn(row, 'ledger')), channels: BigInt(textIn(row, 'channels')) },
    ...{ account: textIn(row, 'account'), text: textIn(row, 'text'), time: numberIn(row, 'time') },
  }
}
