import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InvoiceRecord, Wallet } from '@tallystick/client-sdk'
import { type Anchor, isRejection, parseInvoice, parseReceipt } from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'

test('what a shop and its customer do with invoices and payments', async (t) => {
  const network = await startTestNetwork(t, ['ann'])
  const { wallet: ann } = await network.wallet('ann')
  const opened = await network.wallet('shop')
  const shop = opened.wallet
  await ann.openChannel({ deposit: 200n * ONE })
  const paid: InvoiceRecord[] = []
  const balance = async (wallet: Wallet) => (await wallet.balance()).inChannels

  await t.test('PAY-4 a quote says the fee, and pay keeps to the cap', async () => {
    const invoice = await shop.createInvoice({ value: 10n * ONE, description: 'A "lamp" ☕' })
    const quote = await ann.quote(invoice.text)
    assert.deepEqual(
      [quote.amount, quote.parts, quote.anchor, quote.description],
      [10n * ONE, 1, invoice.anchor, { kind: 'text', text: 'A "lamp" ☕' }],
    )
    assert.ok(quote.fee > 0n)
    const below = { key: 'lamp', feeMax: quote.fee - 1n }
    await assert.rejects(ann.pay(invoice.text, below), { code: 'fee_above_cap' })
    const payment = await ann.pay(invoice.text.toUpperCase(), { key: 'lamp', feeMax: quote.fee })
    assert.equal(payment.fee, quote.fee)
    paid.push(await shop.paid(invoice.anchor))
    assert.equal(paid[0]?.received, 10n * ONE)
  })

  await t.test('PAY-1 the same key is the same payment, and no other', async () => {
    const [lamp] = paid
    assert.ok(lamp !== undefined)
    const before = await balance(ann)
    assert.equal((await ann.pay(lamp.text, { key: 'lamp' })).status, 'paid')
    const other = await shop.createInvoice({ value: ONE })
    await assert.rejects(ann.pay(other.text, { key: 'lamp' }), { code: 'key_reused' })
    await assert.rejects(ann.pay(lamp.text, { key: 'lamp', amount: ONE }), { code: 'key_reused' })
    await assert.rejects(ann.pay(lamp.text, { key: 'again' }), { code: 'already_paid' })
    assert.equal(await balance(ann), before)
    // Begun twice at once, under one key and under two.
    const [one, two] = await Promise.all([
      ann.pay(other.text, { key: 'twice' }),
      ann.pay(other.text, { key: 'twice' }),
    ])
    assert.equal(one.id, two.id)
    const third = await shop.createInvoice({ value: ONE })
    const both = await Promise.allSettled([
      ann.pay(third.text, { key: 'left' }),
      ann.pay(third.text, { key: 'right' }),
    ])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    paid.push(await shop.paid(other.anchor), await shop.paid(third.anchor))
  })

  await t.test(
    'PAY-2 RECEIPT-1 an open amount is the payer to name, and on the receipt',
    async () => {
      const invoice = await shop.createInvoice({ descriptionHash: new Uint8Array(32).fill(7) })
      assert.equal(invoice.amount, undefined)
      await assert.rejects(ann.pay(invoice.text, { key: 'tip' }), { code: 'amount_required' })
      const tip = await ann.pay(invoice.text, { key: 'tip', amount: 3n * ONE })
      const received = await shop.paid(invoice.anchor)
      assert.equal(received.received, 3n * ONE)
      paid.push(received)
      const receipt = parseReceipt(await ann.receipt(tip.id))
      assert.ok(!isRejection(receipt))
      assert.deepEqual(
        [receipt.amount, receipt.isAmountProven, receipt.invoice.anchor],
        [3n * ONE, false, invoice.anchor],
      )
      await assert.rejects(ann.receipt('00'.repeat(16) as never), { code: 'payment_not_paid' })
    },
  )

  await t.test(
    'PAY-7 refunds at once are never more than what an open amount brought',
    async () => {
      const sale = paid.at(-1)?.anchor as Anchor
      const asked = [
        await ann.createInvoice({ value: 2n * ONE }),
        await ann.createInvoice({ value: 2n * ONE }),
      ]
      const backs = asked.map(({ text }) => text)
      const refunds = await Promise.allSettled(
        backs.map((text) => shop.refund(text, { key: text, sale })),
      )
      const refused = refunds.find(({ status }) => status === 'rejected') as PromiseRejectedResult
      assert.equal(refused.reason.code, 'refund_above_sale')
      assert.equal((await shop.invoice(sale))?.refunded, 2n * ONE)
      await Promise.race(asked.map(({ anchor }) => ann.paid(anchor)))
      const last = await ann.createInvoice()
      const wish = { key: 'the rest', sale, amount: ONE }
      assert.equal((await shop.refund(last.text, wish)).refundOf, sale)
      await ann.paid(last.anchor)
    },
  )

  await t.test(
    'PAY-7 a refund above its sale is told as that, also where less than it could be paid',
    async () => {
      const sale = paid.at(-1)?.anchor as Anchor
      const back = await ann.createInvoice({ value: 80n * ONE })
      const wish = { key: 'above the sale', sale }
      await assert.rejects(shop.refund(back.text, wish), { code: 'refund_above_sale' })
      await ann.cancel(back.anchor)
    },
  )

  await t.test('INVOICE-7 what is held is captured, or given back', async () => {
    const before = await balance(ann)
    const [sold, voided] = [
      await shop.createInvoice({ value: 5n * ONE, hold: true }),
      await shop.createInvoice({ value: 7n * ONE, hold: true }),
    ]
    const [buying, failing] = [
      ann.pay(sold.text, { key: 'sold' }),
      ann.pay(voided.text, { key: 'voided', lockSeconds: 700 }),
    ]
    const held = await shop.held(sold.anchor)
    assert.deepEqual([held.status, held.received], ['held', 5n * ONE])
    assert.ok((await shop.held(voided.anchor)).waitsUntil)
    assert.equal((await ann.paymentOf('sold'))?.status, 'pending')
    assert.equal((await shop.capture(sold.anchor)).status, 'paid')
    assert.equal((await buying).status, 'paid')
    assert.equal((await shop.capture(sold.anchor)).status, 'paid')
    assert.equal((await shop.cancel(voided.anchor)).status, 'cancelled')
    await assert.rejects(failing, { code: 'payment_failed' })
    await assert.rejects(shop.capture(voided.anchor), { code: 'invoice_not_held' })
    await assert.rejects(shop.paid(voided.anchor), { code: 'invoice_cancelled' })
    const fee = (await ann.paymentOf('sold'))?.fee ?? 0n
    assert.equal(await balance(ann), before - 5n * ONE - fee)
  })

  await t.test('INVOICE-4 an open invoice that was cancelled is not paid', async () => {
    const invoice = await shop.createInvoice({ value: ONE })
    await shop.cancel(invoice.anchor)
    await assert.rejects(ann.pay(invoice.text, { key: 'gone' }), { code: 'payment_failed' })
    assert.equal((await ann.paymentOf('gone'))?.code, 'declined_by_payee')
  })

  await t.test(
    'PAY-6 what no channel can pay alone is paid by two, at the fee that was quoted',
    async () => {
      await ann.openChannel({ deposit: 100n * ONE })
      const invoice = await shop.createInvoice({ value: 240n * ONE })
      await assert.rejects(ann.quote((await shop.createInvoice({ value: 900n * ONE })).text), {
        code: 'insufficient_balance',
      })
      // Of an open amount nobody could tell when its parts are whole.
      const open = await shop.createInvoice()
      await assert.rejects(ann.quote(open.text, { amount: 240n * ONE }), {
        code: 'insufficient_balance',
      })
      await shop.cancel(open.anchor)
      const before = await balance(ann)
      const quote = await ann.quote(invoice.text)
      assert.equal(quote.parts, 2)
      const payment = await ann.pay(invoice.text, { key: 'a car', feeMax: quote.fee })
      assert.deepEqual([payment.parts.length, payment.fee], [2, quote.fee])
      const received = await shop.paid(invoice.anchor)
      assert.deepEqual([received.received, received.parts.length], [240n * ONE, 2])
      assert.equal(await balance(ann), before - 240n * ONE - quote.fee)
      const receipt = parseReceipt(await ann.receipt(payment.id))
      assert.ok(!isRejection(receipt) && receipt.isAmountProven)
    },
  )

  await t.test('INVOICE-2 an invoice that this wallet cannot pay is refused in words', async () => {
    const { text } = await shop.createInvoice({ value: ONE })
    for (const [wrong, code] of [
      [text.slice(0, -1), 'invoice_malformed'],
      [`${text.slice(0, 40)}${text[40] === 'q' ? 'p' : 'q'}${text.slice(41)}`, 'invoice_malformed'],
      [` ${text}`, 'invoice_malformed'],
      ['', 'invoice_malformed'],
    ] as const) {
      await assert.rejects(ann.quote(wrong), { code })
      await assert.rejects(ann.pay(wrong, { key: 'wrong' }), { code })
    }
    await assert.rejects(shop.pay(text, { key: 'own' }), { code: 'own_invoice' })
    assert.equal(await ann.paymentOf('wrong'), undefined)
  })

  await t.test('PAY-8 lists show the newest first, page by page, finished ones too', async () => {
    const all: Anchor[] = []
    for await (const { anchor } of shop.eachInvoice({ limit: 2 })) all.push(anchor)
    const first = await shop.invoices({ limit: 3 })
    assert.deepEqual(
      first.items.map(({ anchor }) => anchor),
      all.slice(0, 3),
    )
    const sold = await shop.invoices({ status: 'paid', limit: 100 })
    assert.ok(sold.items.every(({ status }) => status === 'paid'))
    assert.equal(sold.items.length, paid.length + 2)
    assert.equal(sold.items.at(-1)?.anchor, paid[0]?.anchor)
    assert.equal(sold.next, undefined)
    assert.equal((await shop.invoices({ status: 'held' })).items.length, 0)
    const payments = await ann.payments({ limit: 100 })
    assert.equal(payments.items.at(-1)?.id, (await ann.paymentOf('lamp'))?.id)
    assert.equal((await shop.payments()).items[0]?.refundOf, paid.at(-1)?.anchor)
    const orders = payments.items.map(({ order }) => order)
    assert.deepEqual(
      orders,
      orders.toSorted((a, b) => b - a),
    )
  })

  await t.test('BAK-1 a restored shop lists and refunds what it sold', async () => {
    const { refunded } = (await shop.invoice(paid.at(-1)?.anchor as Anchor)) ?? assert.fail()
    assert.equal(refunded, 3n * ONE)
    const before = (await shop.invoices({ limit: 100 })).items
    await opened.close()
    const { openWallet } = await import('@tallystick/client-sdk/node')
    const { ledgerUrl, hubUrl, dir } = network
    const parts = { words: network.seedOf('shop'), ledgerUrl, hubUrl }
    const again = await openWallet({ ...parts, file: `${dir}/again.db` })
    t.after(() => again.close())
    const after = (await again.wallet.invoices({ limit: 100 })).items
    assert.deepEqual(after, before)
    const fresh = await again.wallet.createInvoice({ value: ONE })
    assert.ok(fresh.order > (before[0]?.order ?? 0))
    const parsed = parseInvoice(fresh.text)
    assert.ok(!isRejection(parsed))
  })
})
