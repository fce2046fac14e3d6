import { randomBytes } from 'node:crypto'
import { type LetterPayment, WalletError } from '@tallystick/client-sdk'
import { CommandError, EXIT, printableLine, printFacts, showProgress } from '@tallystick/daemon'
import { isRejection, type Offer, parseOffer, routingFee } from '@tallystick/protocol'
import { amountDue } from './amount-due.js'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { confirm } from './confirm.js'
import { interrupted } from './interrupted.js'
import { orPending, type WalletAtHub, withHub } from './open-with-hub.js'
import { ENDED, exitOfPayment, type PayCommand } from './pay.js'
import { paymentFacts, paymentLines } from './payment-text.js'

/** Whether a text means to be an offer. */
export function isOfferText(text: string): boolean {
  return text.toLowerCase().startsWith('tallyo1')
}

/**
 * `wallet pay` of an offer: asks the payee for an invoice, and pays that. An offer can be paid often: each
 * run is a payment of its own, unless `--key` names an earlier one.
 */
export async function payOffer(text: string, options: PayCommand): Promise<void> {
  if (options.refund !== undefined) {
    throw new CommandError('usage', 'a refund pays an invoice, and no offer')
  }
  if (options.amount !== undefined) requireDecimal(options.amount)
  if (options.feeMax !== undefined) requireDecimal(options.feeMax, true)
  const offer = parseOffer(text)
  if (isRejection(offer)) throw new CommandError(offer.code, offer.detail)
  const key = options.key ?? `offer ${randomBytes(8).toString('hex')}`
  await withHub(options, async (at) => {
    const money = await assetAmounts(at.ledger, at.policy.asset)
    const named = options.amount === undefined ? undefined : money.unitsOf(options.amount)
    const amount = named === undefined ? {} : { amount: named }
    const known = await at.wallet.letterPaymentOf(key)
    const cap = known === undefined ? await agree(at, offer, { money, named, key, options }) : {}
    const order = { text, wish: { key, ...amount, ...cap, waitSeconds: options.timeout } }
    await payOnce(at, order, options.timeout)
    await tell(at, { key, money, options })
  })
}

/** As for an invoice, but that the payee may be away. Throws `amount_required`, `fee_above_cap`, `not_confirmed`. */
async function agree(
  { policy }: WalletAtHub,
  { amount, description, payee }: Offer,
  {
    money,
    named,
    key,
    options: { feeMax, yes },
  }: {
    readonly money: AssetAmounts
    readonly named: bigint | undefined
    readonly key: string
    readonly options: PayCommand
  },
): Promise<{ readonly feeMax: bigint }> {
  const due = amountDue('offer', amount, named, money)
  const fee = routingFee(policy, due)
  const lines = [
    `to pay      ${money.show(due)}`,
    `fee         ${money.show(fee)}`,
    ...(description === '' ? [] : [`for         ${printableLine(description)}`]),
    `payee       ${payee}`,
    `key         ${printableLine(key)}: with --key the same command tells what became of it`,
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  const cap = feeMax === undefined ? undefined : money.unitsOrNone(feeMax)
  if (cap !== undefined && fee > cap) {
    const detail = `the hub asks for ${money.show(fee)}, allowed are ${money.show(cap)}`
    throw new CommandError('fee_above_cap', detail)
  }
  await confirm(yes, `Pay ${money.show(due + fee)}`)
  return { feeMax: cap ?? fee }
}

/** Kept once it is over, or nobody waits any more. Throws where nothing was begun. */
async function payOnce(
  { wallet, signal }: WalletAtHub,
  {
    text,
    wish,
  }: { readonly text: string; readonly wish: Parameters<WalletAtHub['wallet']['payOffer']>[1] },
  timeoutSeconds: number,
): Promise<void> {
  const patient = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1_000)])
  const waiting = 'waiting for the payee; Ctrl-C ends the wait, and the payment goes on'
  try {
    await showProgress(waiting, () =>
      orPending(() => wallet.payOffer(text, { ...wish, signal: patient })),
    )
  } catch (error) {
    // How it ended is told by the payment itself.
    if (!(error instanceof WalletError && ENDED.has(error.code))) throw error
  }
}

/** What became of it; before the payee has answered, there is no payment yet, only the question. */
async function tell(
  { wallet }: WalletAtHub,
  {
    key,
    money,
    options: { json },
  }: { readonly key: string; readonly money: AssetAmounts; readonly options: PayCommand },
): Promise<void> {
  const payment = await wallet.paymentOf(key)
  if (payment !== undefined) {
    const lines = paymentLines(payment, money).join('\n')
    printFacts(json, paymentFacts({ payment, key }, money.asset), lines)
    process.exitCode = exitOfPayment(payment)
    return
  }
  const asked = await wallet.letterPaymentOf(key)
  if (asked === undefined) throw interrupted('nothing was promised')
  const { payee, amount, expiry, code, created, time } = asked
  const status = askedStatus(asked)
  const failure = status === 'failed' ? code : null
  const facts = { status, key, payee, asset: money.asset, amount: `${amount}` }
  const said =
    status === 'failed'
      ? `failed      ${printableLine(code)}: nothing was paid`
      : `${status.padEnd(12)}the payee has not answered; run it again with --key "${printableLine(key)}" to hear`
  printFacts(json, { ...facts, expiry, created, time, failure }, said)
  process.exitCode = status === 'failed' ? EXIT.failed : EXIT.pending
}

function askedStatus({ status }: LetterPayment): 'pending' | 'failed' | 'unknown' {
  switch (status) {
    case 'asking':
    case 'paying':
      return 'pending'
    case 'failed':
      return 'failed'
    // What was paid has a payment, unless another store made it.
    case 'paid':
    case 'unknown':
      return 'unknown'
  }
}
