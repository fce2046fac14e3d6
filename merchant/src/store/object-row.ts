import { StoreFault } from '@tallystick/client-sdk'
import { storedNumber, storedText } from '@tallystick/client-sdk/node'
import type { z } from 'zod'
import type { ObjectKind, ObjectStatus } from '../core/object-events.js'
import type { Row } from './merchant-database.js'

/** Something that the server keeps for a shop; `data` is read by the schema of its kind. */
export type StoredObject = {
  readonly seq: number
  readonly id: string
  readonly kind: ObjectKind
  readonly account: string
  /** What names it elsewhere: the anchor of an invoice, the wallet's key of a payment, a channel's id. */
  readonly link: string
  readonly status: ObjectStatus
  /** Unix seconds. */
  readonly created: number
  readonly data: unknown
}

const KINDS: readonly ObjectKind[] = [
  ...(['invoice', 'payment', 'refund', 'payout', 'offer', 'stream', 'channel'] as const),
]
const STATUSES: readonly ObjectStatus[] = [
  ...(['open', 'held', 'paid', 'expired', 'cancelled'] as const),
  ...(['pending', 'failed', 'unknown', 'closing', 'closed', 'active', 'withdrawn'] as const),
]

/** Columns of an object, in the order in which they are asked for. */
export const OBJECT_COLUMNS = 'seq, id, kind, account, link, status, created, data'

export function objectOf(row: Row): StoredObject {
  return {
    seq: numberIn(row, 'seq'),
    id: textIn(row, 'id'),
    kind: storedText(row, 'kind', (text) => KINDS.find((kind) => kind === text), 'a kind'),
    account: textIn(row, 'account'),
    link: textIn(row, 'link'),
    status: storedText(row, 'status', (text) => STATUSES.find((one) => one === text), 'a status'),
    created: numberIn(row, 'created'),
    data: jsonIn(row, 'data'),
  }
}

export function textIn(row: Row, column: string): string {
  return storedText(row, column, (text) => text, 'text')
}

export function numberIn(row: Row, column: string): number {
  return storedNumber(row, column, (value) => value, 'a number')
}

/** A column of text that may be absent. */
export function optionalTextIn(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textIn(row, column)
}

export function optionalNumberIn(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : numberIn(row, column)
}

/** An amount as decimal text, or null for none. */
export function optionalAmountIn(row: Row, column: string): bigint | undefined {
  const text = optionalTextIn(row, column)
  return text === undefined ? undefined : BigInt(text)
}

export function jsonIn(row: Row, column: string): unknown {
  const text = textIn(row, column)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StoreFault('store_corrupt', `column ${column} of the store is no JSON`, cause)
  }
}

/** What an object is by the schema of its kind. Throws `store_corrupt`. */
export function dataOf<T>(schema: z.ZodType<T>, { id, data }: StoredObject): T {
  const read = schema.safeParse(data)
  if (read.success) return read.data
  throw new StoreFault('store_corrupt', `what the store holds of ${id} is not what was written`)
}
