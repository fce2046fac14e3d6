import {
  type Amount,
  addSeconds,
  amount,
  type ChannelId,
  type ItemId,
  REVEAL_SECONDS,
  type Rejection,
  reject,
  type Timestamp,
} from '@tallystick/protocol'
import {
  type InvoicePart,
  type InvoiceRecord,
  type InvoiceStatus,
  PARTS_MAX,
} from './wallet-records.js'

/** What may follow on what (INVOICE-4): no status comes back, and the last three stay. */
export const INVOICE_NEXT: Readonly<Record<InvoiceStatus, readonly InvoiceStatus[]>> = {
  open: ['held', 'claiming', 'paid', 'expired', 'cancelled'],
  held: ['claiming', 'paid', 'cancelled'],
  claiming: ['paid', 'expired'],
  paid: [],
  expired: [],
  cancelled: [],
}

/** An item is claimed while it could still be enforced on the ledger, seconds before its expiry. */
const CLAIMABLE_SECONDS_MIN = 2 * REVEAL_SECONDS
/** What is held is given back so much before it could not be claimed any more, seconds. */
const CAPTURE_SLACK_SECONDS = 30
/** Parts of one payment wait for the others so long, seconds (INVOICE-6). */
const GATHER_SECONDS = 60

/** What happens to an invoice. */
export type InvoiceEvent =
  /** An item of so many ticks was locked to its anchor. */
  | { readonly kind: 'locked'; readonly part: LockedPart; readonly ticks: number }
  /** A proof pays an item of its anchor, or the ledger will. */
  | { readonly kind: 'redeemed'; readonly part: LockedPart }
  /** An item of its anchor is gone and was not paid. */
  | { readonly kind: 'dropped'; readonly channel: ChannelId; readonly id: ItemId }
  /** The owner takes what is held. */
  | { readonly kind: 'capture' }
  /** The owner wants it to be paid no more. */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'timePassed' }

export type LockedPart = Omit<InvoicePart, 'isPaid'>

/** What is to be done about an item that is locked to it. */
export type InvoiceDeed =
  | { readonly kind: 'claim'; readonly part: InvoicePart }
  | { readonly kind: 'decline'; readonly part: InvoicePart; readonly code: string }

export type InvoiceStep = {
  /** The invoice itself where nothing changes. */
  readonly invoice: InvoiceRecord
  readonly deeds: readonly InvoiceDeed[]
}

export type InvoiceRefusal = Rejection<
  | 'already_paid'
  | 'invoice_expired'
  | 'invoice_cancelled'
  | 'invoice_not_held'
  | 'amount_too_low'
  | 'expiry_too_near'
>

/** One event against an invoice (INVOICE-3, INVOICE-4, INVOICE-6): what becomes of it, or why it is refused. */
export function stepInvoice(
  invoice: InvoiceRecord,
  event: InvoiceEvent,
  now: Timestamp,
): InvoiceStep | InvoiceRefusal {
  switch (event.kind) {
    case 'locked':
      return lock(invoice, event, now)
    case 'redeemed':
      return redeem(invoice, event.part, now)
    case 'dropped':
      return drop(invoice, event, now)
    case 'capture':
      return capture(invoice, now)
    case 'cancel':
      return cancel(invoice, now)
    case 'timePassed':
      return passTime(invoice, now)
  }
}

function lock(
  invoice: InvoiceRecord,
  { part, ticks }: Extract<InvoiceEvent, { kind: 'locked' }>,
  now: Timestamp,
): InvoiceStep | InvoiceRefusal {
  // After a restore an item that is known comes as if it were new.
  if (invoice.parts.some((other) => isSame(other, part))) return unchanged(invoice)
  if (invoice.status !== 'open') return reject('already_paid', 'the invoice is being paid already')
  if (now > invoice.expiry) {
    return reject('invoice_expired', `the invoice ended at ${invoice.expiry}`)
  }
  if (ticks !== 1 || invoice.parts.length >= PARTS_MAX) {
    return reject('amount_too_low', `one item, or ${PARTS_MAX} at the most, pay an invoice`)
  }
  if (part.expiry < now + CLAIMABLE_SECONDS_MIN) {
    return reject('expiry_too_near', `a payment has ${CLAIMABLE_SECONDS_MIN} seconds left at least`)
  }
  const parts = [...invoice.parts, { ...part, isPaid: false }]
  const isWhole = invoice.amount === undefined || sumOf(parts) >= invoice.amount
  if (!isWhole) {
    const waitsUntil = invoice.waitsUntil ?? addSeconds(now, GATHER_SECONDS)
    return { invoice: { ...invoice, parts, waitsUntil }, deeds: [] }
  }
  const received = amount(sumOf(parts))
  if (!invoice.hold) return claimAll({ ...invoice, parts, received }, now)
  const waitsUntil = heldUntil(parts)
  return waitsUntil <= now
    ? reject('expiry_too_near', 'there is no time left in which it could be captured')
    : { invoice: { ...invoice, parts, received, status: 'held', waitsUntil, time: now }, deeds: [] }
}

/** Ledger time until which what is held can be captured, and still be enforced. */
function heldUntil(parts: readonly InvoicePart[]): Timestamp {
  const first = Math.min(...parts.map(({ expiry }) => expiry))
  return Math.max(0, first - CLAIMABLE_SECONDS_MIN - CAPTURE_SLACK_SECONDS) as Timestamp
}

function claimAll(invoice: InvoiceRecord, now: Timestamp): InvoiceStep {
  return {
    invoice: { ...invoice, status: 'claiming', waitsUntil: undefined, time: now },
    deeds: invoice.parts
      .filter(({ isPaid }) => !isPaid)
      .map((part) => ({ kind: 'claim', part }) as const),
  }
}

function redeem(invoice: InvoiceRecord, part: LockedPart, now: Timestamp): InvoiceStep {
  const isKnown = invoice.parts.some((other) => isSame(other, part))
  // Whoever knows the preimage can pay trifles under this anchor: they count as what they are.
  if (isOver(invoice) || (!isKnown && invoice.parts.length >= PARTS_MAX)) return unchanged(invoice)
  const others = invoice.parts.filter((other) => !isSame(other, part))
  return settle({ ...invoice, parts: [...others, { ...part, isPaid: true }] }, now)
}

function drop(
  invoice: InvoiceRecord,
  gone: Pick<LockedPart, 'channel' | 'id'>,
  now: Timestamp,
): InvoiceStep {
  const parts = invoice.parts.filter((part) => part.isPaid || !isSame(part, gone))
  if (isOver(invoice) || parts.length === invoice.parts.length) return unchanged(invoice)
  const left = { ...invoice, parts }
  switch (invoice.status) {
    case 'claiming':
      return settle(left, now)
    case 'held':
      return end(left, 'cancelled', 'hold_lapsed', now)
    default:
      return parts.some(({ isPaid }) => !isPaid)
        ? { invoice: left, deeds: [] }
        : { invoice: { ...left, waitsUntil: undefined }, deeds: [] }
  }
}

/** Ends an invoice once it is known what its parts have come to. */
function settle(invoice: InvoiceRecord, now: Timestamp): InvoiceStep {
  const paid = sumOf(invoice.parts.filter(({ isPaid }) => isPaid))
  const isWhole = paid > 0n && paid >= (invoice.amount ?? invoice.received)
  const isResolved = invoice.status === 'claiming' && invoice.parts.every(({ isPaid }) => isPaid)
  if (!isWhole && !isResolved) return { invoice, deeds: [] }
  // What came is less where a part was not enforced in time: the hub knows the preimage, so nobody may
  // pay to it again.
  return isWhole
    ? { invoice: { ...invoice, status: 'paid', ...ended(paid, now) }, deeds: [] }
    : { invoice: { ...invoice, status: 'expired', ...ended(paid, now) }, deeds: [] }
}

function ended(received: bigint, time: Timestamp) {
  return { received: amount(received), waitsUntil: undefined, time }
}

function capture(invoice: InvoiceRecord, now: Timestamp): InvoiceStep | InvoiceRefusal {
  const { status, waitsUntil = 0 } = invoice
  if (status === 'claiming' || status === 'paid') return unchanged(invoice)
  if (status !== 'held') {
    return reject('invoice_not_held', `nothing is held for the invoice: it is ${status}`)
  }
  return now > waitsUntil
    ? reject('invoice_not_held', `what was held could be captured until ledger time ${waitsUntil}`)
    : claimAll(invoice, now)
}

function cancel(invoice: InvoiceRecord, now: Timestamp): InvoiceStep | InvoiceRefusal {
  switch (invoice.status) {
    case 'open':
    case 'held':
      return end(invoice, 'cancelled', 'invoice_cancelled', now)
    case 'cancelled':
      return unchanged(invoice)
    case 'claiming':
    case 'paid':
      return reject('already_paid', 'the invoice is paid, or just being paid: refund it instead')
    case 'expired':
      return reject('invoice_expired', `the invoice ended unpaid at ${invoice.expiry}`)
  }
}

function passTime(invoice: InvoiceRecord, now: Timestamp): InvoiceStep {
  const { status, expiry, waitsUntil } = invoice
  const isLate = waitsUntil !== undefined && now > waitsUntil
  if (status === 'held') {
    return isLate ? end(invoice, 'cancelled', 'hold_lapsed', now) : unchanged(invoice)
  }
  if (status !== 'open') return unchanged(invoice)
  if (now > expiry) return end(invoice, 'expired', 'invoice_expired', now)
  if (!isLate) return unchanged(invoice)
  const parts = invoice.parts.filter(({ isPaid }) => isPaid)
  const deeds = declines(invoice, 'amount_too_low')
  return { invoice: { ...invoice, parts, waitsUntil: undefined }, deeds }
}

/** Ends an invoice that was not claimed: what is locked to it is given back. */
function end(
  invoice: InvoiceRecord,
  status: 'expired' | 'cancelled',
  code: string,
  now: Timestamp,
): InvoiceStep {
  const parts = invoice.parts.filter(({ isPaid }) => isPaid)
  const deeds = declines(invoice, code)
  return { invoice: { ...invoice, status, parts, ...ended(sumOf(parts), now) }, deeds }
}

function declines({ parts }: InvoiceRecord, code: string): readonly InvoiceDeed[] {
  return parts
    .filter(({ isPaid }) => !isPaid)
    .map((part) => ({ kind: 'decline', part, code }) as const)
}

/** Whether nothing that is locked to it can change it any more. */
export function isOver({ status }: Pick<InvoiceRecord, 'status'>): boolean {
  return INVOICE_NEXT[status].length === 0
}

function isSame(
  { channel, id }: Pick<InvoicePart, 'channel' | 'id'>,
  other: Pick<InvoicePart, 'channel' | 'id'>,
): boolean {
  return channel === other.channel && id === other.id
}

function sumOf(parts: readonly { readonly amount: Amount }[]): bigint {
  return parts.reduce((sum, part) => sum + part.amount, 0n)
}

function unchanged(invoice: InvoiceRecord): InvoiceStep {
  return { invoice, deeds: [] }
}
