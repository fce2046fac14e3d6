import { timingSafeEqual } from 'node:crypto'
import { type Anchor, parseHex, sha256, toHex } from '@tallystick/protocol'
import { l402Challenge, parseL402Authorization } from '../http/l402.js'
import type { Wallet } from '../wallet/wallet.js'

export type L402Options = {
  /** Base units of an invoice. */
  readonly price: bigint
  /** How long a paid invoice lets its holder in, seconds of ledger time. */
  readonly seconds: number
  /** Invoices that are made in a minute at most, whoever asks; absent: 120. */
  readonly perMinute?: number
  /**
   * What is sold: tokens let in where the wallet, the route and the price are those that they were issued for, also
   * after a restart; absent: all gates of one price are one.
   */
  readonly route?: string
}

/** Why a token lets nobody in. */
export type GateRefusal = { readonly code: string; readonly detail: string }

/** Lets in who has paid an invoice (HTTP402-6). */
export type InvoiceGate = {
  /** The challenge with a fresh invoice; `undefined`: too many were made, or the wallet cannot make one now. */
  challenge(): Promise<string | undefined>
  check(authorization: string): Promise<GateRefusal | undefined>
}

const PER_MINUTE = 120
const MINUTE_MS = 60_000
/** Seconds in which the invoice of a challenge has to be paid. */
const INVOICE_SECONDS = 600
const ANCHOR_DIGITS = 64
const DESCRIPTION = 'Access by L402'

/** The gate of one route. */
export function invoiceGate(wallet: Wallet, options: L402Options): InvoiceGate {
  const { price, seconds, perMinute = PER_MINUTE, route = '' } = options
  const proofOf = (anchor: string) => wallet.stream.accessProof(`${anchor} ${price} ${route}`)
  let [windowAt, made] = [performance.now(), 0]
  return {
    challenge: async () => {
      const now = performance.now()
      if (now - windowAt >= MINUTE_MS) [windowAt, made] = [now, 0]
      if (made >= perMinute) return undefined
      made++
      try {
        const wish = { value: price, description: DESCRIPTION, expirySeconds: INVOICE_SECONDS }
        const { anchor, text } = await wallet.createInvoice(wish)
        return l402Challenge(`${anchor}${toHex(proofOf(anchor))}`, text)
      } catch {
        // The offer of a stream is made all the same.
        return undefined
      }
    },
    check: async (authorization) => {
      const shown = parseL402Authorization(authorization)
      const preimage = shown && parseHex(shown.preimage)
      const anchor = shown?.token.slice(0, ANCHOR_DIGITS)
      const proof = shown && parseHex(shown.token.slice(ANCHOR_DIGITS))
      if (anchor === undefined || preimage === undefined || toHex(sha256(preimage)) !== anchor) {
        return { code: 'token_invalid', detail: 'the preimage is not that of the token' }
      }
      if (proof === undefined || !timingSafeEqual(proof, proofOf(anchor))) {
        return {
          code: 'token_invalid',
          detail: 'the token was not issued for this route and price',
        }
      }
      const invoice = await wallet.invoice(anchor as Anchor)
      if (invoice === undefined) {
        return { code: 'token_invalid', detail: 'the invoice of the token is not known' }
      }
      if (invoice.refunded > 0n) {
        return { code: 'token_invalid', detail: 'the payment of the token was refunded' }
      }
      if (invoice.status !== 'paid') {
        return { code: 'request_in_progress', detail: 'the payment has not arrived yet: ask again' }
      }
      return wallet.stream.ledgerTime > invoice.time + seconds
        ? { code: 'token_expired', detail: `the token was good for ${seconds} seconds` }
        : undefined
    },
  }
}
