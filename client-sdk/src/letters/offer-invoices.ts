import { type Anchor, isRejection, type OfferId, parseInvoice, toHex } from '@tallystick/protocol'
import type { InvoiceRecord } from '../wallet/wallet-records.js'

/** Which offers the open invoices of a wallet were given for. */
export class OfferInvoices {
  /** Of invoices that are open: their strings are read once. */
  #offers = new Map<Anchor, OfferId | undefined>()

  /** How many of `invoices` are open for an offer. */
  openFor(offer: OfferId, invoices: Iterable<InvoiceRecord>): number {
    const offers = new Map<Anchor, OfferId | undefined>()
    let open = 0
    for (const { anchor, origin, status, text } of invoices) {
      if (origin !== 'offer' || status !== 'open') continue
      const known = this.#offers.has(anchor) ? this.#offers.get(anchor) : offerOf(text)
      offers.set(anchor, known)
      if (known === offer) open++
    }
    this.#offers = offers
    return open
  }
}

function offerOf(text: string): OfferId | undefined {
  const invoice = parseInvoice(text)
  if (isRejection(invoice) || invoice.offer === undefined) return undefined
  return toHex(invoice.offer) as OfferId
}
