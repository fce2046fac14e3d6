import { unitsOf, WalletError } from '@tallystick/client-sdk'
import { parse } from 'csv-parse/sync'

/** A line of a merchant's export that makes sense. `total` in base units; negative: a refund. */
export type Order = {
  readonly line: number
  readonly id: string
  /** Absent: a guest. */
  readonly customer: string | undefined
  readonly total: bigint
}

/** A line that makes none, and why. */
export type RejectedLine = { readonly line: number; readonly reason: string }

export type OrderFile = {
  readonly orders: readonly Order[]
  readonly rejected: readonly RejectedLine[]
}

const COLUMNS = ['order_id', 'placed_at', 'customer_id', 'country', 'currency', 'total', 'lines']
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const ID_LENGTH_MAX = 64
/** Base units of one order: with a whole file of them, sums stay far below 2^63. */
const TOTAL_MAX = 10n ** 15n

/** The file is not an order export at all. */
export class NotAnOrderFile extends Error {
  override readonly name = 'NotAnOrderFile'
}

/**
 * Reads an order export. A line that makes no sense is reported and left out, never fatal; a file
 * without the seven columns is.
 */
export function readOrders(
  text: string,
  asset: { readonly code: string; readonly decimals: number },
): OrderFile {
  const rows = csvRows(text)
  const [header, ...lines] = rows
  if (header === undefined || header.fields.join() !== COLUMNS.join()) {
    throw new NotAnOrderFile(`the first line must be ${COLUMNS.join()}`)
  }
  const orders: Order[] = []
  const rejected: RejectedLine[] = []
  const seen = new Set<string>()
  for (const { line, fields } of lines) {
    const order = readOrder(line, fields, asset, seen)
    if (typeof order === 'string') rejected.push({ line, reason: order })
    else {
      seen.add(order.id)
      orders.push(order)
    }
  }
  return { orders, rejected }
}

function csvRows(
  text: string,
): readonly { readonly line: number; readonly fields: readonly string[] }[] {
  const rows = parse(text, {
    bom: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  }) as unknown as readonly {
    readonly record: string[]
    readonly info: { readonly lines: number }
  }[]
  return rows.map(({ record, info }) => ({ line: info.lines, fields: record }))
}

function readOrder(
  line: number,
  fields: readonly string[],
  asset: { readonly code: string; readonly decimals: number },
  seen: ReadonlySet<string>,
): Order | string {
  if (fields.length !== COLUMNS.length)
    return `${fields.length} fields instead of ${COLUMNS.length}`
  const [id = '', placedAt = '', customer = '', , currency = '', total = '', count = ''] = fields
  if (id === '' || id.length > ID_LENGTH_MAX) return `order_id has 1 to ${ID_LENGTH_MAX} characters`
  if (seen.has(id)) return `order_id ${JSON.stringify(id)} was there before`
  if (!TIME.test(placedAt) || Number.isNaN(Date.parse(placedAt))) return 'placed_at is no UTC time'
  if (customer.length > ID_LENGTH_MAX) return `customer_id has at most ${ID_LENGTH_MAX} characters`
  if (currency !== asset.code) return `currency is ${JSON.stringify(currency)}, not ${asset.code}`
  if (!/^\d{1,6}$/.test(count)) return 'lines is no whole number'
  const units = readTotal(total, asset)
  if (typeof units === 'string') return units
  return { line, id, customer: customer === '' ? undefined : customer, total: units }
}

function readTotal(total: string, asset: { readonly decimals: number }): bigint | string {
  try {
    const units = unitsOf(total, asset)
    const magnitude = units < 0n ? -units : units
    return magnitude <= TOTAL_MAX ? units : `total ${total} is more than a shop takes`
  } catch (error) {
    if (error instanceof WalletError) return `total: ${error.message}`
    throw error
  }
}
