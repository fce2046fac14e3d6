import { type InvoiceRecord, WalletError } from '@tallystick/client-sdk'
import { EXIT, printFacts, showProgress } from '@tallystick/daemon'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { interrupted } from './interrupted.js'
import { invoiceFacts, invoiceLines, invoiceOutcome, invoiceStatus } from './invoice-text.js'
import { type HubPlace, orPending, type WalletAtHub, withHub } from './open-with-hub.js'
import { anchorOf, findInvoice } from './own-invoice.js'
import { showQr } from './qr-output.js'

export type ReceiveCommand = HubPlace & {
  readonly description?: string
  readonly expiry?: number
  readonly hold?: true
  readonly offer?: true
  readonly wait?: true
  readonly qr?: boolean
  readonly json?: true
}

/** `wallet receive`: an invoice, or an earlier one again; with `--wait`, until it is paid. */
export async function receivePayment(
  typed: string | undefined,
  options: ReceiveCommand,
): Promise<void> {
  const earlier = typed?.toLowerCase().startsWith('tally1') ? anchorOf(typed) : undefined
  if (typed !== undefined && earlier === undefined) requireDecimal(typed)
  await withHub(options, async (at) => {
    const money = await assetAmounts(at.ledger, at.policy.asset)
    const invoice =
      earlier === undefined
        ? await makeInvoice(at, { typed, money, options })
        : await findInvoice(at, earlier)
    if (invoice === undefined) throw interrupted('no invoice was made')
    const asked = earlier === undefined ? options : { ...options, wait: true as const }
    if (invoice.status === 'open') showInvoice(at, invoice, { money, options: asked })
    if (!asked.wait) return
    const ended = await waitUntilPaid(at, invoice)
    printFacts(options.json, invoiceFacts(ended, money.asset), invoiceOutcome(ended, money))
    const exit = exitOf(ended)
    // What was printed before it may have found no room, and said so.
    if (exit !== 0) process.exitCode = exit
  })
}

/** What was waited for is that it is paid, or held where it is to be held. */
function exitOf(invoice: InvoiceRecord): number {
  switch (invoiceStatus(invoice)) {
    case 'paid':
      return 0
    case 'held':
      return invoice.hold && invoice.status === 'held' ? 0 : EXIT.pending
    case 'open':
      return EXIT.pending
    case 'expired':
    case 'cancelled':
      return EXIT.failed
  }
}

type Asked = {
  readonly typed: string | undefined
  readonly money: AssetAmounts
  readonly options: ReceiveCommand
}

/** An invoice over what was typed; the hub may have to bring money first. */
function makeInvoice(
  { wallet, signal }: WalletAtHub,
  { typed, money, options: { description, expiry, hold } }: Asked,
): Promise<InvoiceRecord | undefined> {
  const wish = {
    ...(typed !== undefined && { value: money.unitsOf(typed) }),
    ...(hold !== undefined && { hold }),
    ...(description !== undefined && { description }),
    ...(expiry !== undefined && { expirySeconds: expiry }),
  }
  return orPending(() =>
    showProgress('making the invoice; the hub may have to deposit first', () =>
      wallet.createInvoice({ ...wish, signal }),
    ),
  )
}

function showInvoice(
  { feed }: WalletAtHub,
  invoice: InvoiceRecord,
  { money, options }: Omit<Asked, 'typed'>,
): void {
  const { text } = invoice
  const lines = [...invoiceLines(invoice, { money, now: feed.time }), '', text]
  printFacts(options.json, invoiceFacts(invoice, money.asset), lines.join('\n'))
  if (!options.json) showQr(text, options.qr)
  if (options.wait) return
  process.stderr.write(
    'It can be paid while this wallet is open: "wallet receive INVOICE" waits for it.\n',
  )
}

/** The invoice once it is over, or held where that is its end for now, or as it stands when the wait was given up. */
async function waitUntilPaid(
  at: WalletAtHub,
  { anchor, hold }: InvoiceRecord,
): Promise<InvoiceRecord> {
  const { wallet, signal } = at
  const waiting = 'waiting for the payment; Ctrl-C ends the wait, and the invoice stays'
  await showProgress(waiting, () =>
    orPending(() =>
      (hold ? wallet.held(anchor, { signal }) : wallet.paid(anchor, { signal })).catch(ignoreEnded),
    ),
  )
  return findInvoice(at, anchor)
}

/** What became of it is told by the invoice itself. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof WalletError && ENDED.has(error.code))) throw error
}

const ENDED = new Set(['invoice_expired', 'invoice_cancelled'])
