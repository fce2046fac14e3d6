import { type Anchor, type ItemId, utf8 } from '@tallystick/protocol'
import type { LetterPayment } from '../letters/letter-payment.js'
import type { PayoutRecord } from '../payout/payout-record.js'
import type { OrderedKind, StoredRecord, StoreWrite, WalletStore } from '../store/wallet-store.js'
import type { InvoiceRecord, PaymentRecord } from './wallet-records.js'

/*
 * Invoices, payments and payouts are kept by their names. Beside them is their order, once of all and once of
 * each status, so that a page of a list costs a page: keys `all/<place>` and `<status>/<place>`.
 */

/** Digits of a place in a key, which then sorts as the number does. */
const PLACE_DIGITS = 15
/** What, behind the name of a list, comes behind all its keys, as `/` is followed by `0`. */
export const BEHIND_PLACES = '0'

type Ordered = { readonly order: number; readonly status: string }

/** Where an invoice stands in the lists, as it is now and was before. */
export function invoiceOrder(
  invoice: InvoiceRecord,
  before: InvoiceRecord | undefined,
): StoreWrite[] {
  return orderOf('invoiceOrder', invoice, invoice.anchor, before)
}

/** As `invoiceOrder`; also under the invoice that it pays, which it is known by if it is paid again. */
export function paymentOrder(
  payment: PaymentRecord,
  before: PaymentRecord | undefined,
): StoreWrite[] {
  const value = utf8(payment.id)
  const paid = { kind: 'paymentOrder', key: anchorKey(payment.anchor), value } as const
  return [
    ...orderOf('paymentOrder', payment, payment.id, before),
    ...(before === undefined ? [paid] : []),
  ]
}

/** As `invoiceOrder`. */
export function payoutOrder(payout: PayoutRecord, before: PayoutRecord | undefined): StoreWrite[] {
  return orderOf('payoutOrder', payout, payout.id, before)
}

/** As `invoiceOrder`; its place is kept beside it. */
export function letterOrder(
  { id, status }: LetterPayment,
  order: number,
  before: Pick<LetterPayment, 'status'> | undefined,
): StoreWrite[] {
  return orderOf('letterOrder', { order, status }, id, before && { order, status: before.status })
}

function orderOf(
  kind: OrderedKind,
  { order, status }: Ordered,
  name: string,
  before: Ordered | undefined,
): StoreWrite[] {
  if (before?.status === status) return []
  const value = utf8(name)
  const last = before && { kind, key: placeKey(before.status, before.order), value: undefined }
  return [
    ...(last ? [last] : [{ kind, key: placeKey('all', order), value }]),
    { kind, key: placeKey(status, order), value },
  ]
}

/** The name of the payment that was made last for an invoice, if this wallet ever made one. */
export async function paymentFor(store: WalletStore, anchor: Anchor): Promise<ItemId | undefined> {
  const name = await store.get('paymentOrder', anchorKey(anchor))
  return name && (textOf(name) as ItemId)
}

/** How many there are of a kind: the place of the newest. */
export async function countOf(store: WalletStore, kind: OrderedKind): Promise<number> {
  const [newest] = await pageOf(store, kind, { status: 'all', after: undefined, limit: 1 })
  return newest?.place ?? 0
}

/** At most `limit` names of a list, newest first, of what was made before place `after`. */
export async function pageOf(
  store: WalletStore,
  kind: OrderedKind,
  page: { readonly status: string; readonly after: number | undefined; readonly limit: number },
): Promise<readonly Place[]> {
  const { status, after, limit } = page
  const behind = after === undefined ? `${status}${BEHIND_PLACES}` : placeKey(status, after)
  const found = await store.page(kind, behind, limit, 'descending')
  return found.filter(({ key }) => key.startsWith(`${status}/`)).map(placeOf)
}

/** A name in a list, and where it stands. */
export type Place = { readonly name: string; readonly place: number }

function placeOf({ key, value }: StoredRecord): Place {
  return { name: textOf(value), place: placeOfKey(key) }
}

/** The key of a place in a list. */
export function placeKey(list: string, order: number): string {
  return `${list}/${String(order).padStart(PLACE_DIGITS, '0')}`
}

/** The place that a key is of. */
export function placeOfKey(key: string): number {
  return Number(key.slice(key.indexOf('/') + 1))
}

function anchorKey(anchor: Anchor): string {
  return `anchor/${anchor}`
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
