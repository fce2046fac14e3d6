import { type PaymentRecord, WalletError } from '@tallystick/client-sdk'
import { CommandError, EXIT, printFacts, showProgress } from '@tallystick/daemon'
import type { Anchor } from '@tallystick/protocol'
import { amountDue } from './amount-due.js'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { confirm } from './confirm.js'
import { descriptionLine } from './description-text.js'
import { interrupted } from './interrupted.js'
import { spanText, timeText } from './ledger-words.js'
import { type HubPlace, orPending, type WalletAtHub, withHub } from './open-with-hub.js'
import { anchorOf, invoiceOf } from './own-invoice.js'
import { paymentFacts, paymentLines, paymentStatus } from './payment-text.js'

export type PayCommand = HubPlace & {
  /** Where the invoice leaves it open. */
  readonly amount?: string
  readonly feeMax?: string
  /** The paid invoice of this wallet that this pays back. */
  readonly refund?: string
  readonly key?: string
  /** Seconds that the payee is waited for. */
  readonly timeout: number
  readonly yes?: true
  readonly json?: true
}

/** `wallet pay`: shows what it costs, asks, and pays; the same invoice is paid once, however often it is run. */
export async function payInvoice(typed: string, options: PayCommand): Promise<void> {
  const text = typed.trim()
  const anchor = anchorOf(text)
  const sale = options.refund === undefined ? undefined : anchorOf(options.refund)
  if (options.amount !== undefined) requireDecimal(options.amount)
  if (options.feeMax !== undefined) requireDecimal(options.feeMax, true)
  const key = options.key ?? `invoice ${anchor}`
  await withHub(options, async (at) => {
    const money = await assetAmounts(at.ledger, at.policy.asset)
    const amount = options.amount === undefined ? {} : { amount: money.unitsOf(options.amount) }
    const known = await at.wallet.paymentOf(key)
    const cap = known === undefined ? await agree(at, text, { money, amount, options }) : {}
    const order = { text, sale, wish: { key, ...amount, ...cap } }
    const payment = await payOnce(at, order, options.timeout)
    const lines = paymentLines(payment, money)
    printFacts(options.json, paymentFacts({ payment, key }, money.asset), lines.join('\n'))
    process.exitCode = exitOfPayment(payment)
  })
}

/**
 * Shows what it costs, and asks; the most that is paid for it is what was shown, or `--fee-max`. Throws
 * why the wallet cannot pay it, `fee_above_cap`, `not_confirmed`.
 */
async function agree(
  { wallet, feed, signal }: WalletAtHub,
  text: string,
  {
    money,
    amount,
    options: { feeMax, yes, refund },
  }: {
    readonly money: AssetAmounts
    readonly amount: { readonly amount?: bigint }
    readonly options: PayCommand
  },
): Promise<{ readonly feeMax: bigint }> {
  const cap = feeMax === undefined ? undefined : money.unitsOrNone(feeMax)
  const asked = invoiceOf(text)
  // Of another asset nothing can be said in the words of this one: the wallet refuses it.
  if (asked.asset === money.asset) amountDue('invoice', asked.amount, amount.amount, money)
  const quote = await wallet.quote(text, { ...amount, signal })
  const words = descriptionLine(quote.description)
  const lines = [
    `${refund === undefined ? 'to pay   ' : 'to refund'}   ${money.show(quote.amount)}`,
    `fee         ${money.show(quote.fee)}`,
    ...(quote.parts === 1 ? [] : [`in parts    over ${quote.parts} channels`]),
    ...(words === '' ? [] : [`for         ${words}`]),
    `payee       ${quote.payee}`,
    `until       ${timeText(quote.expiry)}, ${spanText(Math.max(0, quote.expiry - feed.time))} from now`,
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  if (cap !== undefined && quote.fee > cap) {
    const detail = `the hub asks for ${money.show(quote.fee)}, allowed are ${money.show(cap)}`
    throw new CommandError('fee_above_cap', detail)
  }
  await confirm(yes, `Pay ${money.show(quote.amount + quote.fee)}`)
  return { feeMax: cap ?? quote.fee }
}

type Order = {
  readonly text: string
  readonly sale: Anchor | undefined
  readonly wish: { readonly key: string; readonly amount?: bigint; readonly feeMax?: bigint }
}

/**
 * The payment of the key once it is over, or as it stands when nobody waits any more. Throws where nothing
 * was promised.
 */
async function payOnce(
  { wallet, signal }: WalletAtHub,
  { text, sale, wish }: Order,
  timeoutSeconds: number,
): Promise<PaymentRecord> {
  const patient = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1_000)])
  const waiting = 'waiting for the payee; Ctrl-C ends the wait, and the payment goes on'
  try {
    const paid = await showProgress(waiting, () =>
      orPending(() =>
        sale === undefined
          ? wallet.pay(text, { ...wish, signal: patient })
          : wallet.refund(text, { ...wish, sale, signal: patient }),
      ),
    )
    if (paid !== undefined) return paid
  } catch (error) {
    // How a payment ended is told by the payment itself.
    if (!(error instanceof WalletError && ENDED.has(error.code))) throw error
  }
  const known = await wallet.paymentOf(wish.key)
  if (known !== undefined) return known
  throw interrupted('nothing was promised')
}

/** Ends of a payment that the payment itself tells. */
export const ENDED = new Set(['payment_failed', 'payment_unknown'])

/** 3: it is not decided, or not known. */
export function exitOfPayment(payment: PaymentRecord): number {
  switch (paymentStatus(payment)) {
    case 'paid':
      return 0
    case 'failed':
      return EXIT.failed
    case 'pending':
    case 'unknown':
      return EXIT.pending
  }
}
