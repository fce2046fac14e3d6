/** What an object can be, in the order in which it becomes it; the last ones of each are final. */
export type InvoiceStatus = 'open' | 'held' | 'paid' | 'expired' | 'cancelled'
export type PaymentStatus = 'pending' | 'paid' | 'failed' | 'unknown'
export type ChannelStatus = 'open' | 'closing' | 'closed'
export type OfferStatus = 'active' | 'withdrawn'
export type StreamStatus = 'open' | 'closed'
export type ObjectKind =
  | 'invoice'
  | 'payment'
  | 'refund'
  | 'payout'
  | 'offer'
  | 'stream'
  | 'channel'
export type ObjectStatus =
  | InvoiceStatus
  | PaymentStatus
  | ChannelStatus
  | OfferStatus
  | StreamStatus

/** From each status, those that may follow it. */
const FOLLOWING: Readonly<Record<ObjectKind, Readonly<Record<string, readonly ObjectStatus[]>>>> = {
  invoice: {
    open: ['held', 'paid', 'expired', 'cancelled'],
    // What is held and being claimed may still come to nothing.
    held: ['paid', 'cancelled', 'expired'],
  },
  payment: { pending: ['paid', 'failed', 'unknown'], unknown: ['paid', 'failed'] },
  refund: { pending: ['paid', 'failed', 'unknown'], unknown: ['paid', 'failed'] },
  payout: { pending: ['paid', 'failed', 'unknown'], unknown: ['paid', 'failed'] },
  offer: { active: ['withdrawn'] },
  stream: { open: ['closed'] },
  channel: { open: ['closing', 'closed'], closing: ['closed'] },
}

/** Whether an object that was `before` may be `after` now; never backwards. */
export function mayBecome(kind: ObjectKind, before: ObjectStatus, after: ObjectStatus): boolean {
  return FOLLOWING[kind][before]?.includes(after) ?? false
}

/**
 * The types of the events of a change that is first seen now, oldest first. What an object must have been in between,
 * while nobody looked, is told as well: an invoice that was captured was held.
 */
export function eventTypes(
  kind: ObjectKind,
  before: ObjectStatus,
  after: ObjectStatus,
  { isHold }: { readonly isHold: boolean } = { isHold: false },
): readonly string[] {
  if (!mayBecome(kind, before, after)) return []
  const passed: ObjectStatus[] = []
  if (kind === 'invoice' && isHold && before === 'open' && after === 'paid') passed.push('held')
  return [...passed, after].map((status) => `${kind}.${status}`)
}
