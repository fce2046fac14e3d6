import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  InvoiceRecord,
  Page,
  PageWish,
  PaymentRecord,
  PayoutRecord,
} from '@tallystick/client-sdk'
import { amount, encodeInvoice } from '@tallystick/protocol'
import fc from 'fast-check'
import { tradePage } from '#wallet/cli/trade-history.js'
import { anchorFor, at, CHAIN, SIGNERS, testSigner } from '../protocol/test-channel.js'

const PAYEE = testSigner(5)
const TEXT = encodeInvoice(
  {
    ...{ chainId: CHAIN, hubs: [SIGNERS.hub.publicKey], payee: PAYEE.publicKey, asset: 0 },
    ...{ amount: amount(5n), anchor: anchorFor(1), expiry: at(600), offer: undefined },
    description: { kind: 'text', text: '' },
  },
  PAYEE,
)

/** Records of so many seconds, oldest first, in the order in which they were made. */
function listOf<T>(seconds: readonly number[], record: (order: number, created: number) => T) {
  const made = [...seconds]
    .sort((a, b) => a - b)
    .map((created, index) => record(index + 1, created))
  return async ({ after, limit = 20 }: PageWish<never>): Promise<Page<T>> => {
    const older = made.slice(0, after === undefined ? made.length : Number(after) - 1).reverse()
    const items = older.slice(0, limit)
    return { items, next: older.length > limit ? String(made.length) : undefined }
  }
}

test('pages of the history show every invoice and payment once, newest first', async () => {
  const times = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(
      times,
      times,
      times,
      fc.integer({ min: 1, max: 5 }),
      async (ours, theirs, out, limit) => {
        const record = (order: number, created: number) => ({
          order,
          created: at(created),
          text: TEXT,
        })
        const wallet = {
          invoices: listOf(ours, (...made) => record(...made) as InvoiceRecord),
          payments: listOf(theirs, (...made) => record(...made) as PaymentRecord),
          payouts: listOf(out, (...made) => record(...made) as unknown as PayoutRecord),
        }
        const seen: { kind: string; created: number }[] = []
        let after: string | undefined
        do {
          const { trades, next } = await tradePage(wallet, { after, limit })
          assert.ok(trades.length <= limit && (next === undefined || trades.length === limit))
          seen.push(...trades)
          after = next
        } while (after !== undefined)
        const newest = [...ours, ...theirs, ...out].sort((a, b) => b - a)
        assert.deepEqual(
          seen.map(({ created }) => created),
          newest.map((created) => at(created)),
        )
        assert.equal(seen.filter(({ kind }) => kind === 'invoice').length, ours.length)
      },
    ),
  )
  for (const after of ['', 'x', '1', '1.', '-1.2', '1.2.3.4', '1e3.0']) {
    const none = async () => ({ items: [], next: undefined })
    const wallet = { invoices: none, payments: none, payouts: none }
    await assert.rejects(tradePage(wallet, { after, limit: 5 }), { code: 'page_invalid' })
  }
})
