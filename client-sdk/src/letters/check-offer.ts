import { type Amount, isRejection, type Offer, parseOffer } from '@tallystick/protocol'
import type { Payer } from '../wallet/check-invoice.js'
import { errorOf } from '../wallet/error-of.js'
import { WalletError } from '../wallet-error.js'

/**
 * An offer that this payer can pay (OFFER-2), and how much. Errors: `offer_malformed`, `offer_version`,
 * `offer_bad_signature`, `wrong_network`, `wrong_hub`, `wrong_asset`, `offer_expired`, `own_invoice`,
 * `amount_required`, `amount_mismatch`.
 */
export function checkOffer(
  text: string,
  named: Amount | undefined,
  payer: Payer,
): { readonly offer: Offer; readonly amount: Amount } {
  const offer = parseOffer(text)
  if (isRejection(offer)) throw errorOf(offer)
  const { chainId, hubs, asset, expiry, payee } = offer
  if (chainId !== payer.chainId) {
    const detail = `the offer is of another network (chain ${chainId}): it can only be paid there`
    throw new WalletError('wrong_network', detail)
  }
  if (!hubs.includes(payer.hub)) {
    const detail = `the payee is reached over another hub than this wallet: ${hubs.join(', ')}`
    throw new WalletError('wrong_hub', detail)
  }
  if (asset !== payer.asset) {
    const detail = `the offer asks for asset ${asset}, and this wallet pays in asset ${payer.asset}`
    throw new WalletError('wrong_asset', detail)
  }
  if (expiry !== undefined && payer.now > expiry) {
    const detail = `the offer ended at ledger time ${expiry}: ask the payee for a new one`
    throw new WalletError('offer_expired', detail)
  }
  if (payee === payer.identity) {
    throw new WalletError('own_invoice', 'the offer is of this wallet itself')
  }
  return { offer, amount: amountOf(offer, named) }
}

function amountOf({ amount }: Offer, named: Amount | undefined): Amount {
  if (amount === undefined) {
    if (named !== undefined) return named
    throw new WalletError('amount_required', 'the offer leaves the amount to the payer: name it')
  }
  if (named === undefined || named === amount) return amount
  const detail = `the offer asks for ${amount} base units, not ${named} base units: leave \`amount\` out`
  throw new WalletError('amount_mismatch', detail)
}
