import { createHash } from 'node:crypto'
import { unitsOf, WalletError } from '@tallystick/client-sdk'
import { CsvError, parse } from 'csv-parse/sync'

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
  /** SHA-256 of the file, hex. */
  readonly fingerprint: string
  readonly orders: readonly Order[]
  readonly rejected: readonly RejectedLine[]
}

const COLUMNS = ['order_id', 'placed_at', 'customer_id', 'country', 'currency', 'total', 'lines']
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const ID_LENGTH_MAX = 64
/** Base units of one order. */
const TOTAL_MAX = 10n ** 15n
/** Base units of all orders of a file: ten times as much is what the hub starts with. */
const TOTALS_MAX = 10n ** 17n

/** The file is not an order export at all. */
export class NotAnOrderFile extends Error {
  override readonly name = 'NotAnOrderFile'
  readonly code = 'not_an_order_file'
}

/**
 * Reads an order export, UTF-8. A line that makes no sense is reported and left out, never fatal; a
 * file whose first line does not name the seven columns is.
 */
export function readOrders(
  file: Uint8Array,
  asset: { readonly code: string; readonly decimals: number },
): OrderFile {
  const [header, ...rest] = linesOf(file)
  if (header === undefined || fieldsOf(header.text)?.join() !== COLUMNS.join()) {
    throw new NotAnOrderFile(`the first line must be ${COLUMNS.join()}`)
  }
  const orders: Order[] = []
  const rejected: RejectedLine[] = []
  const seen = new Set<string>()
  let totals = 0n
  for (const { line, text } of rest) {
    if (text === '') continue
    const order = readOrder(line, fieldsOf(text), asset, seen)
    if (typeof order === 'string') {
      rejected.push({ line, reason: order })
      continue
    }
    const magnitude = order.total < 0n ? -order.total : order.total
    if (totals + magnitude > TOTALS_MAX) {
      rejected.push({ line, reason: 'with it the file holds more than one ledger can count' })
      continue
    }
    totals += magnitude
    seen.add(order.id)
    orders.push(order)
  }
  const fingerprint = createHash('sha256').update(file).digest('hex')
  return { fingerprint, orders, rejected }
}

/** Lines with their numbers, from 1; no field of an export spans two, so one bad line spoils no other. */
function linesOf(
  file: Uint8Array,
): readonly { readonly line: number; readonly text: string | undefined }[] {
  const lines: { readonly line: number; readonly text: string | undefined }[] = []
  for (let from = 0; from < file.length; ) {
    const newline = file.indexOf(0x0a, from)
    const end = newline === -1 ? file.length : newline
    const bytes = file.subarray(from, file[end - 1] === 0x0d && end > from ? end - 1 : end)
    lines.push({ line: lines.length + 1, text: textOf(bytes) })
    from = end + 1
  }
  return lines
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // TextDecoder has no other way to say that bytes are not UTF-8.
    return undefined
  }
}

/** The fields of one line; `undefined` when it is not UTF-8, or a quote in it is never closed. */
function fieldsOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  try {
    const [fields] = parse(text, { relax_column_count: true, relax_quotes: true }) as string[][]
    return fields ?? []
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}

function readOrder(
  line: number,
  fields: readonly string[] | undefined,
  asset: { readonly code: string; readonly decimals: number },
  seen: ReadonlySet<string>,
): Order | string {
  if (fields === undefined) return 'it is not UTF-8, or a quote is not closed'
  if (fields.length !== COLUMNS.length)
    return `${fields.length} fields instead of ${COLUMNS.length}`
  const [id = '', placedAt = '', customer = '', , currency = '', total = '', count = ''] = fields
  if (id === '' || id.length > ID_LENGTH_MAX) return `order_id has 1 to ${ID_LENGTH_MAX} characters`
  if (seen.has(id)) return `order_id ${JSON.stringify(id)} was there before`
  if (!isTime(placedAt)) return 'placed_at is no UTC time'
  if (customer !== '' && customer.trim() === '')
    return 'customer_id is blank; a guest has none at all'
  if (customer.length > ID_LENGTH_MAX) return `customer_id has at most ${ID_LENGTH_MAX} characters`
  if (currency !== asset.code) return `currency is ${JSON.stringify(currency)}, not ${asset.code}`
  if (!/^\d{1,6}$/.test(count)) return 'lines is no whole number'
  const units = readTotal(total, asset)
  if (typeof units === 'string') return units
  return { line, id, customer: customer === '' ? undefined : customer, total: units }
}

/** A day that the calendar has, too: `Date` takes 30 February for 1 March. */
function isTime(text: string): boolean {
  const time = new Date(text)
  return (
    TIME.test(text) &&
    !Number.isNaN(time.getTime()) &&
    time.toISOString().slice(0, 19) === text.slice(0, 19)
  )
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
