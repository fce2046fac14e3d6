import { type PaymentRecord, WalletError } from '@tallystick/client-sdk'
import { type Invoice, isRejection, parseInvoice, routingFee } from '@tallystick/protocol'
import { type AssetAmounts, assetAmounts } from './asset-amount.js'
import { CommandError, EXIT } from './command-error.js'
import { confirm } from './confirm.js'
import { spanText, timeText } from './ledger-words.js'
import { type HubPlace, orPending, type WalletAtHub, withHub } from './open-with-hub.js'
import { paymentFacts, paymentLines, paymentStatus } from './payment-text.js'
import { printableLine, printFacts } from './print-facts.js'
import { showProgress } from './progress.js'

export type PayCommand = HubPlace & {
  readonly feeMax?: string
  readonly key?: string
  readonly timeout?: number
  readonly yes?: true
  readonly json?: true
}

/** `wallet pay`: shows what it costs, asks, and pays; the same invoice is paid once, however often it is run. */
export async function payInvoice(typed: string, options: PayCommand): Promise<void> {
  const text = typed.trim()
  const invoice = parseInvoice(text)
  if (isRejection(invoice)) throw new CommandError(invoice.code, invoice.detail)
  const key = options.key ?? `invoice ${invoice.anchor}`
  await withHub(options, async (at) => {
    const money = await assetAmounts(at.ledger, at.policy.asset)
    const before = await at.wallet.paymentOf(key)
    if (before !== undefined && before.anchor !== invoice.anchor) {
      throw new CommandError('key_used', `another invoice was paid under the key ${key}`)
    }
    const feeMax = options.feeMax === undefined ? undefined : money.unitsOrNone(options.feeMax)
    const asked = before ?? (await agree(at, invoice, { money, yes: options.yes }))
    // What was shown is what is paid at most.
    const cap = feeMax ?? asked?.fee
    const wish = { key, ...(cap !== undefined && { feeMax: cap }) }
    const payment = await payOnce(at, text, wish, options.timeout)
    const keyed = { payment, key }
    const lines = paymentLines(keyed, money)
    printFacts(options.json, paymentFacts(keyed, money.asset), lines.join('\n'))
    process.exitCode = exitOf(payment)
  })
}

/** Shows what it costs, and asks; `undefined`: the wallet will refuse it, and say why. Throws `not_confirmed`. */
async function agree(
  { policy, ledger, feed }: WalletAtHub,
  invoice: Invoice,
  { money, yes }: { readonly money: AssetAmounts; readonly yes: true | undefined },
): Promise<{ readonly fee: bigint } | undefined> {
  const { amount, asset, chainId, description, payee, expiry } = invoice
  const isOurs = chainId === ledger.chainId && asset === money.asset && feed.time <= expiry
  if (!isOurs || amount === undefined) return undefined
  const fee = routingFee(policy, amount)
  const words = description.kind === 'text' ? description.text : ''
  const lines = [
    `to pay      ${money.show(amount)}`,
    `fee         ${money.show(fee)}`,
    ...(words === '' ? [] : [`for         ${printableLine(words)}`]),
    `payee       ${payee}`,
    `until       ${timeText(expiry)}, ${spanText(expiry - feed.time)} from now`,
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  await confirm(yes, `Pay ${money.show(amount + fee)}`)
  return { fee }
}

/**
 * The payment of the key once it is over, or as it stands when nobody waits any more. Throws where nothing
 * was promised.
 */
async function payOnce(
  { wallet, signal }: WalletAtHub,
  text: string,
  wish: { readonly key: string; readonly feeMax?: bigint },
  timeoutSeconds: number | undefined,
): Promise<PaymentRecord> {
  const patient =
    timeoutSeconds === undefined
      ? signal
      : AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1_000)])
  const waiting = 'waiting for the payee; Ctrl-C ends the wait, and the payment goes on'
  try {
    const paid = await showProgress(waiting, () =>
      orPending(() => wallet.pay(text, { ...wish, signal: patient })),
    )
    if (paid !== undefined) return paid
  } catch (error) {
    // How a payment ended is told by the payment itself.
    if (!(error instanceof WalletError && ENDED.has(error.code))) throw error
  }
  const known = await wallet.paymentOf(wish.key)
  if (known !== undefined) return known
  throw new CommandError('interrupted', 'nothing was promised')
}

const ENDED = new Set(['payment_failed', 'payment_unresolved'])

function exitOf(payment: PaymentRecord): number {
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
