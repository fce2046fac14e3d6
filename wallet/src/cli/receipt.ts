import { CommandError, printFacts } from '@tallystick/daemon'
import { isRejection, parseReceipt, type Receipt, toHex } from '@tallystick/protocol'
import { descriptionFacts, descriptionLine } from './description-text.js'
import { openStore, type WalletPlace } from './open-store.js'
import { anchorOf } from './own-invoice.js'

type Shown = { readonly json?: true }

export type ReceiptCommand = WalletPlace & Shown & { readonly key?: string }

/** Whether a text means to be a receipt. */
export function isReceiptText(text: string): boolean {
  return text.toLowerCase().startsWith('tallyr1')
}

/**
 * `wallet receipt` of a payment: the string that shows to anybody that its payee was paid. Throws `payment_missing`,
 * `payment_not_paid`, `usage`.
 */
export async function makeReceipt(
  invoice: string | undefined,
  options: ReceiptCommand,
): Promise<void> {
  const key = options.key ?? (invoice === undefined ? undefined : `invoice ${anchorOf(invoice)}`)
  if (key === undefined) {
    throw new CommandError('usage', 'an invoice that was paid, or --key of a payment, is due')
  }
  const { wallet, close } = await openStore(options, { as: 'look' })
  try {
    const payment = await wallet.paymentOf(key)
    if (payment === undefined) {
      const detail =
        'this wallet has made no such payment: --key names one that had a key of its own'
      throw new CommandError('payment_missing', detail)
    }
    const text = await wallet.receipt(payment.id)
    printFacts(options.json, { receipt: text }, text)
  } finally {
    await close()
  }
}

/** `wallet receipt` of a receipt: checks it, offline, and says what it proves. Throws why it proves nothing. */
export function checkReceipt(text: string, { json }: Shown): void {
  const receipt = parseReceipt(text)
  if (isRejection(receipt)) throw new CommandError(receipt.code, receipt.detail)
  const { invoice, amount, isAmountProven, preimage } = receipt
  const facts = {
    ...{ valid: true, chain_id: invoice.chainId, payee: invoice.payee, asset: invoice.asset },
    ...{ amount: `${amount}`, amount_proven: isAmountProven, anchor: invoice.anchor },
    ...{ ...descriptionFacts(invoice.description), preimage: toHex(preimage) },
  }
  printFacts(json, facts, receiptLines(receipt).join('\n'))
}

function receiptLines({ invoice, amount, isAmountProven }: Receipt): string[] {
  const { chainId, payee, asset, description } = invoice
  const words = descriptionLine(description)
  return [
    'valid       the payee has signed for it, and was paid all that it asked for',
    `payee       ${payee}`,
    `amount      ${amount} base units of asset ${asset}${isAmountProven ? '' : ', by the word of whoever made the receipt'}`,
    ...(words === '' ? [] : [`for         ${words}`]),
    `chain       ${chainId}`,
    'It does not say who paid, or when, nor whether it was paid back.',
  ]
}
