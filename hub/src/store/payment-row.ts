import { type SqlValue, type StoredRow, storedValue } from '@tallystick/client-sdk/node'
import {
  amountCodec,
  anchorCodec,
  channelIdCodec,
  type Decoded,
  encodeBriefly,
  flag,
  fromHex,
  ITEM_TICKS_MAX,
  integer,
  itemIdCodec,
  list,
  oneOf,
  type Reader,
  struct,
  timestampCodec,
  type Writer,
} from '@tallystick/protocol'
import { PARTS_MAX, type Payment } from '../core/payment.js'

const partCodec = struct({
  fromChannel: channelIdCodec,
  fromItem: itemIdCodec,
  toChannel: channelIdCodec,
  toItem: itemIdCodec,
  amount: amountCodec,
  fee: amountCodec,
  ticks: integer(ITEM_TICKS_MAX, 1),
  shown: integer(ITEM_TICKS_MAX),
  paid: integer(ITEM_TICKS_MAX),
  isOver: flag,
})

const paymentCodec = struct({
  anchor: anchorCodec,
  status: oneOf('pending', 'claimed', 'settled', 'failed'),
  time: timestampCodec,
  parts: list(partCodec, PARTS_MAX, 1),
})

/** Appends a payment to a record. */
export function writePayment(writer: Writer, payment: Payment): void {
  paymentCodec.write(writer, payment)
}

/** The payment that `writePayment` has written. Throws `MalformedBytes`. */
export function readPayment(reader: Reader): Decoded<typeof paymentCodec> {
  return paymentCodec.read(reader)
}

/** The columns of a payment, in the order of the table: its key, what it is listed by, and all of it. */
export function paymentRow(payment: Payment): readonly SqlValue[] {
  return [fromHex(payment.anchor), payment.time, encodeBriefly(paymentCodec, payment)]
}

/** A payment as the table holds it. Throws `store_corrupt` unless `paymentRow` writes such a row. */
export function paymentOf(row: StoredRow): Payment {
  return storedValue(row, 'payment', paymentCodec, 'a payment')
}
