import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WalletError } from '@tallystick/client-sdk'
import { ONE, startTestNetwork } from './test-network.js'

test('OFFER-5 INV-26 payees that are away, and come back', async (t) => {
  const network = await startTestNetwork(t, ['ann', 'bob'])
  const ann = await network.wallet('ann')
  const bob = await network.wallet('bob')
  await Promise.all([
    ann.wallet.openChannel({ deposit: 100n * ONE }),
    bob.wallet.openChannel({ deposit: 100n * ONE }),
  ])
  let shop = await network.wallet('shop')
  // The first invoice makes room to be paid; afterwards there is some.
  await shop.wallet.ensureInbound(50n * ONE)
  const identity = shop.wallet.identity

  const reopened = async () => {
    shop = await network.wallet('shop')
    await shop.wallet.connected()
    return shop
  }
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await new Promise(setImmediate)
  }

  await t.test(
    'OFFER-4 an offer is paid again and again, each time by an invoice of its own',
    async () => {
      const offer = await shop.wallet.createOffer({ value: 2n * ONE, description: 'a coffee' })
      const first = await ann.wallet.payOffer(offer.text, { key: 'coffee 1' })
      const second = await bob.wallet.payOffer(offer.text, { key: 'coffee 2' })
      assert.deepEqual([first.status, second.status], ['paid', 'paid'])
      assert.notEqual(first.anchor, second.anchor)
      assert.equal(
        (await ann.wallet.payOffer(offer.text, { key: 'coffee 1' })).anchor,
        first.anchor,
      )
      const sold = await shop.wallet.paid(first.anchor)
      assert.deepEqual([sold.origin, sold.received], ['offer', 2n * ONE])
    },
  )

  await t.test(
    'OFFER-4 what does not fit the offer is refused by the payee, and by name',
    async () => {
      const open = await shop.wallet.createOffer({})
      await shop.wallet.withdrawOffer(open.id)
      const payment = ann.wallet.payOffer(open.text, { key: 'late', amount: ONE })
      await assert.rejects(payment, failedFor('offer_unknown'))
      const huge = await shop.wallet.createOffer({})
      const asked = ann.wallet.payOffer(huge.text, { key: 'asked', amount: 1_000n * ONE })
      await assert.rejects(asked, failedFor('inbound_missing'))
      const dear = await shop.wallet.createOffer({ value: 1_000n * ONE })
      const broke = ann.wallet.payOffer(dear.text, { key: 'broke' })
      await assert.rejects(broke, failedFor('insufficient_balance'))
    },
  )

  await t.test('PAY-4 a fee above the cap is said so, and nothing is begun', async () => {
    const offer = await shop.wallet.createOffer({ value: ONE })
    const capped = { key: 'capped', feeMax: 0n }
    await assert.rejects(ann.wallet.payOffer(offer.text, capped), { code: 'fee_above_cap' })
    const gift = { to: identity, amount: ONE, ...capped }
    await assert.rejects(ann.wallet.paySpontaneously(gift), { code: 'fee_above_cap' })
    assert.equal(await ann.wallet.letterPaymentOf('capped'), undefined)
    assert.equal((await ann.wallet.payOffer(offer.text, { key: 'capped' })).status, 'paid')
  })

  await t.test('PAY-8 payments by letter are listed, also those that came to nothing', async () => {
    const listOf = async (wish: Parameters<typeof ann.wallet.letterPayments>[0]) => {
      const { items, next } = await ann.wallet.letterPayments(wish)
      return { codes: items.map(({ status, code }) => `${status} ${code}`.trim()), next }
    }
    const newest = await listOf({ limit: 3 })
    assert.deepEqual(newest.codes, [
      'paid',
      'failed insufficient_balance',
      'failed inbound_missing',
    ])
    const before = await listOf({ limit: 3, after: newest.next ?? assert.fail('there is more') })
    assert.deepEqual(before, { codes: ['failed offer_unknown', 'paid'], next: undefined })
    const { codes } = await listOf({ status: 'failed' })
    assert.equal(codes.length, 3)
    await assert.rejects(listOf({ limit: 0 }), { code: 'page_invalid' })
  })

  await t.test('MAIL-5 who did not ask is paid, and shown what was written', async () => {
    const wish = { to: identity, amount: 3n * ONE, key: 'gift', message: 'Danke — für alles' }
    const gift = await ann.wallet.paySpontaneously(wish)
    assert.equal(gift.status, 'paid')
    const taken = await shop.wallet.paid(gift.anchor)
    assert.deepEqual(
      [taken.origin, taken.received, taken.description],
      ['spontaneous', 3n * ONE, { kind: 'text', text: 'Danke — für alles' }],
    )
    assert.equal((await ann.wallet.paySpontaneously(wish)).anchor, gift.anchor)
  })

  await t.test(
    'OFFER-5 HUB-2 a payee that is away is waited for: offer, invoice and gift',
    async () => {
      const offer = await shop.wallet.createOffer({ description: 'anything' })
      const invoice = await shop.wallet.createInvoice({ value: 4n * ONE })
      await shop.close()
      const byOffer = ann.wallet.payOffer(offer.text, { key: 'away', amount: ONE })
      const byInvoice = bob.wallet.pay(invoice.text, { key: 'fixed' })
      const gift = bob.wallet.paySpontaneously({ to: identity, amount: ONE, key: 'gift 2' })
      await until(async () => (await bob.wallet.letterPaymentOf('gift 2'))?.status === 'paying')
      await until(async () => (await bob.wallet.paymentOf('fixed')) !== undefined)
      assert.equal((await ann.wallet.letterPaymentOf('away'))?.status, 'asking')
      await reopened()
      const paid = await Promise.all([byOffer, byInvoice, gift])
      assert.deepEqual(
        paid.map(({ status }) => status),
        ['paid', 'paid', 'paid'],
      )
    },
  )

  await t.test('INV-17 OFFER-5 the payer may stop and the hub be killed meanwhile', async () => {
    const offer = await shop.wallet.createOffer({ value: ONE })
    await shop.close()
    const stopped = ann.wallet.payOffer(offer.text, { key: 'stops' }).catch(() => 'stopped')
    await until(async () => (await lettersAt(network.hubUrl)) === 1)
    await ann.close()
    assert.equal(await stopped, 'stopped')
    network.hub.kill()
    await reopened()
    // The request has outlived both; the answer waits for who asked.
    await until(async () => {
      const { items } = await shop.wallet.invoices({ status: 'open' })
      return items.some(({ origin }) => origin === 'offer')
    })
    const again = await network.wallet('ann')
    // Nobody asks for it again: what was begun goes on by itself.
    await until(async () => (await again.wallet.letterPaymentOf('stops'))?.status === 'paid')
    assert.equal((await again.wallet.payOffer(offer.text, { key: 'stops' })).status, 'paid')
  })

  await t.test(
    'OFFER-5 a payee that does not come back: failed, expired, and never unknown',
    async () => {
      const offer = await shop.wallet.createOffer({ value: ONE })
      await shop.close()
      const late = bob.wallet.payOffer(offer.text, { key: 'never', waitSeconds: 1 })
      await assert.rejects(late, failedFor('expired'))
      await reopened()
      assert.equal((await bob.wallet.letterPaymentOf('never'))?.status, 'failed')
      assert.equal(await bob.wallet.paymentOf('never'), undefined)
    },
  )
})

/** Letters that the hub keeps; absent: it is just starting. */
async function lettersAt(hubUrl: string): Promise<number | undefined> {
  const url = hubUrl.replace(/^ws(.*)session$/, 'http$1stats')
  const answer = await fetch(url).catch(() => undefined)
  return answer && ((await answer.json()) as { letters: number }).letters
}

function failedFor(code: string) {
  return (error: unknown) =>
    error instanceof WalletError &&
    error.code === 'payment_failed' &&
    error.message.includes(`: ${code}`)
}
