import type { InvoiceRecord } from '@tallystick/client-sdk'
import { CommandError } from '@tallystick/daemon'
import { type Anchor, type Invoice, isRejection, parseInvoice } from '@tallystick/protocol'
import type { WalletAtHub } from './open-with-hub.js'

/** An invoice as text. Throws what is wrong with it. */
export function invoiceOf(typed: string): Invoice {
  const parsed = parseInvoice(typed.trim())
  if (isRejection(parsed)) throw new CommandError(parsed.code, parsed.detail)
  return parsed
}

/** Which invoice a text is. Throws what is wrong with it. */
export function anchorOf(typed: string): Anchor {
  return invoiceOf(typed).anchor
}

/** An invoice of this wallet. Throws `invoice_unknown`. */
export async function findInvoice(
  { wallet }: Pick<WalletAtHub, 'wallet'>,
  anchor: Anchor,
): Promise<InvoiceRecord> {
  const found = await wallet.invoice(anchor)
  if (found !== undefined) return found
  throw new CommandError('invoice_unknown', 'this wallet has not made the invoice')
}
