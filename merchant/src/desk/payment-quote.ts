import { type WalletError as Refused, WalletError } from '@tallystick/client-sdk'
import type { OpenedWallet } from '@tallystick/client-sdk/node'
import { type Invoice, isRejection, parseInvoice, routingFee } from '@tallystick/protocol'
import { HUB_MS_MAX } from '../limits.js'

/** What an invoice of somebody asks for, and what the hub would ask for carrying it now, base units. */
export type PaymentQuote = {
  readonly invoice: Invoice
  readonly amount: bigint
  readonly fee: bigint
}

/**
 * Reads an invoice and asks what paying it costs; nothing is promised. Errors: `WalletError`
 * (`invoice_malformed`, `invoice_bad_signature`, `amount_required`), or the hub does not answer in time.
 */
export async function quotePayment(
  wallet: OpenedWallet['wallet'],
  text: string,
): Promise<PaymentQuote> {
  const invoice = parseInvoice(text)
  if (isRejection(invoice)) throw new WalletError(invoice.code, invoice.detail)
  const { amount } = invoice
  if (amount === undefined) throw noAmount()
  const policy = await wallet.connected({ signal: AbortSignal.timeout(HUB_MS_MAX) })
  return { invoice, amount, fee: routingFee(policy, amount) }
}

function noAmount(): Refused {
  return new WalletError(
    'amount_required',
    'the invoice leaves the amount open: say how much to pay',
  )
}
