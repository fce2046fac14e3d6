import { type Amount, type Rejection, reject } from '@tallystick/protocol'

/** Invoices that a wallet has open for one offer at the most: anybody may ask for one, and it is kept for up to a day. */
export const OFFER_SHARE_MAX = 256
/** Invoices that all offers have open together, while their number stays what it is. */
const OFFER_INVOICES_MAX = 1_024
/** What each offer may have open, however many there are. */
const OFFER_SHARE_MIN = 8

/** Invoices that each of so many offers may have open (OFFER-4). */
export function offerShare(offers: number): number {
  const equal = Math.floor(OFFER_INVOICES_MAX / Math.max(offers, 1))
  return Math.max(OFFER_SHARE_MIN, Math.min(OFFER_SHARE_MAX, equal))
}

/**
 * Whether a stranger who takes up an offer is given one more invoice (OFFER-4). `open`: those of this offer that are open
 * already; `offers`: how many offers can be taken up; `receivable`: base units that can be received over one channel, absent
 * while no channel is in use. Each offer has a share of its own, so that who floods one shuts no other. No stranger's word
 * makes the hub lock up money: there is more room to receive only where the owner has named the amount.
 */
export function weighRequest(
  {
    open,
    offers,
    receivable,
  }: {
    readonly open: number
    readonly offers: number
    readonly receivable: bigint | undefined
  },
  { amount, isNamed }: { readonly amount: Amount; readonly isNamed: boolean },
): 'fits' | Rejection<'offer_busy' | 'inbound_missing'> {
  if (open >= offerShare(offers)) {
    return reject('offer_busy', 'too many invoices wait to be paid; ask again later')
  }
  return isNamed || receivable === undefined || amount <= receivable
    ? 'fits'
    : reject('inbound_missing', `the payee has room for ${receivable} base units now`)
}
