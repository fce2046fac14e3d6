import {
  type Amount,
  type ChainId,
  type Invoice,
  isRejection,
  type PublicKey,
  parseInvoice,
  type Timestamp,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import { errorOf } from './error-of.js'

/** What a payer is, as far as an invoice is concerned. */
export type Payer = {
  readonly chainId: ChainId
  readonly hub: PublicKey
  readonly asset: number
  readonly identity: PublicKey
  readonly now: Timestamp
}

/**
 * An invoice that this payer can pay (INVOICE-2). Errors: `invoice_malformed`, `invoice_version`,
 * `invoice_bad_signature`, `wrong_network`, `wrong_hub`, `wrong_asset`, `invoice_expired`, `own_invoice`.
 */
export function checkInvoice(text: string, payer: Payer): Invoice {
  const invoice = parseInvoice(text)
  if (isRejection(invoice)) throw errorOf(invoice)
  const { chainId, hubs, asset, expiry, payee } = invoice
  if (chainId !== payer.chainId) {
    const detail = `the invoice is of another network (chain ${chainId}): it can only be paid there`
    throw new WalletError('wrong_network', detail)
  }
  if (!hubs.includes(payer.hub)) {
    const detail = `the payee is reached over another hub than this wallet: ${hubs.join(', ')}`
    throw new WalletError('wrong_hub', detail)
  }
  if (asset !== payer.asset) {
    const detail = `the invoice asks for asset ${asset}, and this wallet pays in asset ${payer.asset}`
    throw new WalletError('wrong_asset', detail)
  }
  if (payer.now > expiry) {
    const detail = `the invoice ended at ledger time ${expiry}, and it is ${payer.now}: ask the payee for a new one`
    throw new WalletError('invoice_expired', detail)
  }
  if (payee === payer.identity) {
    const detail = 'the invoice is of this wallet itself: somebody else has to pay it'
    throw new WalletError('own_invoice', detail)
  }
  return invoice
}

/**
 * What is to be paid: what the invoice asks for, or, where it leaves that open, what the payer names.
 * Errors: `amount_required`, `amount_mismatch`.
 */
export function amountToPay({ amount }: Invoice, named: Amount | undefined): Amount {
  if (amount === undefined) {
    if (named !== undefined) return named
    throw new WalletError(
      'amount_required',
      'the invoice leaves the amount to the payer: name it as `amount`',
    )
  }
  if (named === undefined || named === amount) return amount
  throw new WalletError(
    'amount_mismatch',
    `the invoice asks for ${amount} base units, not ${named} base units: leave \`amount\` out`,
  )
}
