import { type SqlValue, storedBytes, storedNumber, storedText } from '@tallystick/client-sdk/node'
import {
  type Amount,
  type Anchor,
  type ChannelId,
  fromHex,
  type ItemId,
  parseAmount,
  parseTimestamp,
  toHex,
} from '@tallystick/protocol'
import type { Payment, PaymentStatus } from '../core/payment.js'

type Row = Readonly<Record<string, unknown>>

/** Each status once, by its name. */
const STATUSES: { readonly [Status in PaymentStatus]: Status } = {
  ...{ pending: 'pending', claimed: 'claimed', settled: 'settled', failed: 'failed' },
}

/** The columns of a payment, in the order of the table. */
export function paymentRow(payment: Payment): readonly SqlValue[] {
  return [
    fromHex(payment.anchor),
    fromHex(payment.fromChannel),
    fromHex(payment.fromItem),
    fromHex(payment.toChannel),
    fromHex(payment.toItem),
    String(payment.amount),
    String(payment.fee),
    payment.status,
    payment.time,
  ]
}

/** A payment as the journal holds it. Throws `store_corrupt` unless `paymentRow` writes such a row. */
export function paymentOf(row: Row): Payment {
  const hex = (column: string, bytes: number) => toHex(storedBytes(row, column, bytes))
  return {
    anchor: hex('anchor', 32) as Anchor,
    fromChannel: hex('from_channel', 32) as ChannelId,
    fromItem: hex('from_item', 16) as ItemId,
    toChannel: hex('to_channel', 32) as ChannelId,
    toItem: hex('to_item', 16) as ItemId,
    amount: amountOf(row, 'amount'),
    fee: amountOf(row, 'fee'),
    status: paymentStatusOf(row),
    time: storedNumber(row, 'time', parseTimestamp, 'a ledger time'),
  }
}

/** An amount, which is kept as decimal text. Throws `store_corrupt`. */
export function amountOf(row: Row, column: 'amount' | 'fee'): Amount {
  return storedText(
    row,
    column,
    (text) => (/^(?:0|[1-9][0-9]{0,18})$/.test(text) ? parseAmount(BigInt(text)) : undefined),
    'an amount',
  )
}

/** Throws `store_corrupt`. */
export function paymentStatusOf(row: Row): PaymentStatus {
  const parse = (text: string) =>
    Object.hasOwn(STATUSES, text) ? STATUSES[text as PaymentStatus] : undefined
  return storedText(row, 'status', parse, 'the status of a payment')
}
