import type { InvoiceRecord, OfferRecord, WalletNotice } from '@tallystick/client-sdk'
import { CommandError, printableLine, printFacts, showProgress } from '@tallystick/daemon'
import {
  isRejection,
  type OfferId,
  offerIdOf,
  parseInvoice,
  parseOffer,
  toHex,
} from '@tallystick/protocol'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { invoiceFacts, invoiceOutcome } from './invoice-text.js'
import { timeText } from './ledger-words.js'
import { type WalletAtHub, withHub } from './open-with-hub.js'
import { showQr } from './qr-output.js'
import type { ReceiveCommand } from './receive.js'

/**
 * `wallet receive --offer`: a string that stays the same and is paid again and again, or an earlier one again; with `--wait`
 * payers are given invoices, and what they pay is told, until Ctrl-C. Throws `offer_unknown`, `usage`.
 */
export async function receiveByOffer(
  typed: string | undefined,
  options: ReceiveCommand,
): Promise<void> {
  if (options.hold === true) {
    throw new CommandError('usage', 'what is paid by an offer is not held: leave --hold out')
  }
  const earlier = typed === undefined ? undefined : offerIdIn(typed)
  if (typed !== undefined && earlier === undefined) requireDecimal(typed)
  let onPaid: (invoice: InvoiceRecord) => void = () => undefined
  const onNotice = (notice: WalletNotice) => {
    if (notice.kind === 'invoice' && notice.invoice.status === 'paid') onPaid(notice.invoice)
  }
  await withHub(
    options,
    async (at) => {
      const money = await assetAmounts(at.ledger, at.policy.asset)
      const offer =
        earlier === undefined ? await makeOffer(at, { typed, money, options }) : find(at, earlier)
      showOffer(offer, { money, options })
      if (options.wait !== true && earlier === undefined) return
      onPaid = (invoice) => {
        if (offerOf(invoice) !== offer.id) return
        const { json } = options
        printFacts(json, invoiceFacts(invoice, money.asset), invoiceOutcome(invoice, money))
      }
      const waiting = 'giving invoices to whoever pays it; Ctrl-C ends that, and the offer stays'
      await showProgress(waiting, () => interruptedBy(at.signal))
    },
    onNotice,
  )
}

/** Of a text that means to be an offer. Throws why it is none. */
function offerIdIn(typed: string): OfferId | undefined {
  if (!typed.toLowerCase().startsWith('tallyo1')) return undefined
  const offer = parseOffer(typed)
  if (isRejection(offer)) throw new CommandError(offer.code, offer.detail)
  return offerIdOf(offer)
}

function makeOffer(
  { wallet, signal }: WalletAtHub,
  {
    typed,
    money,
    options: { description, expiry },
  }: {
    readonly typed: string | undefined
    readonly money: AssetAmounts
    readonly options: ReceiveCommand
  },
): Promise<OfferRecord> {
  return wallet.createOffer({
    ...(typed !== undefined && { value: money.unitsOf(typed) }),
    ...(description !== undefined && { description }),
    ...(expiry !== undefined && { expirySeconds: expiry }),
    signal,
  })
}

function find({ wallet }: WalletAtHub, id: OfferId): OfferRecord {
  const offer = wallet.offers().find((one) => one.id === id)
  if (offer !== undefined) return offer
  throw new CommandError('offer_unknown', 'this wallet has not made the offer')
}

function showOffer(
  record: OfferRecord,
  { money, options }: { readonly money: AssetAmounts; readonly options: ReceiveCommand },
): void {
  const { id, text, status, created } = record
  const offer = parseOffer(text)
  if (isRejection(offer)) throw new CommandError('store_corrupt', offer.detail)
  const { amount, description, expiry } = offer
  const facts = {
    ...{ offer: text, id, status, asset: money.asset },
    ...{ amount: amount === undefined ? null : `${amount}`, description },
    ...{ expiry: expiry ?? null, created },
  }
  const lines = [
    `to be paid  ${amount === undefined ? `as much ${money.code} as the payer likes` : money.show(amount)}, again and again`,
    ...(description === '' ? [] : [`for         ${printableLine(description)}`]),
    ...(expiry === undefined ? [] : [`until       ${timeText(expiry)}`]),
    ...(status === 'active' ? [] : ['withdrawn   nobody is given an invoice for it any more']),
    ...['', text],
  ]
  printFacts(options.json, facts, lines.join('\n'))
  if (options.json !== true) showQr(text, options.qr)
  if (options.wait === true) return
  process.stderr.write(
    'Payers are given invoices while this wallet is open: "wallet receive OFFER" stays for them.\n',
  )
}

/** The offer that an invoice was given for. */
function offerOf({ text }: InvoiceRecord): string | undefined {
  const invoice = text === '' ? undefined : parseInvoice(text)
  return invoice === undefined || isRejection(invoice) || invoice.offer === undefined
    ? undefined
    : toHex(invoice.offer)
}

function interruptedBy(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
