import { EXIT, printFacts, showProgress } from '@tallystick/daemon'
import { assetAmounts } from './asset-amount.js'
import { invoiceFacts, invoiceOutcome } from './invoice-text.js'
import { type HubPlace, orPending, withHub } from './open-with-hub.js'
import { anchorOf, findInvoice } from './own-invoice.js'

export type DecideCommand = HubPlace & { readonly json?: true }

/** `wallet capture`: takes what is held for an invoice; again is fine. */
export async function captureInvoice(typed: string, options: DecideCommand): Promise<void> {
  const anchor = anchorOf(typed)
  await withHub(options, async (at) => {
    const taken = await orPending(() =>
      showProgress('taking what is held', () => at.wallet.capture(anchor, { signal: at.signal })),
    )
    const invoice = taken ?? (await findInvoice(at, anchor))
    const money = await assetAmounts(at.ledger, at.policy.asset)
    printFacts(options.json, invoiceFacts(invoice, money.asset), invoiceOutcome(invoice, money))
    if (invoice.status !== 'paid') process.exitCode = EXIT.pending
  })
}

/** `wallet cancel`: takes an invoice back, or gives back what is held for it; again is fine. */
export async function cancelInvoice(typed: string, options: DecideCommand): Promise<void> {
  const anchor = anchorOf(typed)
  await withHub(options, async (at) => {
    const invoice = await at.wallet.cancel(anchor)
    const money = await assetAmounts(at.ledger, at.policy.asset)
    printFacts(options.json, invoiceFacts(invoice, money.asset), invoiceOutcome(invoice, money))
  })
}
