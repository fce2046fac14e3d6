import { type Amount, type Rejection, reject } from '@tallystick/protocol'

/** Invoices for offers that a wallet has open at a time: anybody may ask for one, and it is kept for up to a day. */
export const OFFER_INVOICES_MAX = 1_024

/**
 * Whether a stranger who takes up an offer is given one more invoice (OFFER-4). `open`: those for offers that are open
 * already; `receivable`: base units that can be received over one channel, absent while no channel is in use. No
 * stranger's word makes the hub lock up money: there is more room to receive only where the owner has named the amount.
 */
export function weighRequest(
  { open, receivable }: { readonly open: number; readonly receivable: bigint | undefined },
  { amount, isNamed }: { readonly amount: Amount; readonly isNamed: boolean },
): 'fits' | Rejection<'offer_busy' | 'inbound_missing'> {
  if (open >= OFFER_INVOICES_MAX) {
    return reject('offer_busy', 'too many invoices wait to be paid; ask again later')
  }
  return isNamed || receivable === undefined || amount <= receivable
    ? 'fits'
    : reject('inbound_missing', `the payee has room for ${receivable} base units now`)
}
