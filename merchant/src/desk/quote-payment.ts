import type { Quote } from '@tallystick/client-sdk'
import type { OpenedWallet } from '@tallystick/client-sdk/node'
import { isRejection, parseInvoice } from '@tallystick/protocol'
import { HUB_MS_MAX } from '../limits.js'

/**
 * What paying an invoice would take now, and in which asset; nothing is promised. `amount`: where the invoice leaves it
 * open. Errors: as of `Wallet.quote`; `aborted` when the hub does not answer in time.
 */
export async function quotePayment(
  wallet: OpenedWallet['wallet'],
  text: string,
  amount: bigint | undefined,
): Promise<Quote & { readonly asset: number }> {
  const signal = AbortSignal.timeout(HUB_MS_MAX)
  const quote = await wallet.quote(text, { signal, ...(amount !== undefined && { amount }) })
  // The wallet has read it: it is one.
  const invoice = parseInvoice(text)
  return { ...quote, asset: isRejection(invoice) ? 0 : invoice.asset }
}
