import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  type AnswerContent,
  amount,
  deriveKeys,
  encodeInvoice,
  encodeOffer,
  fromHex,
  type Invoice,
  type InvoiceRequest,
  type ItemId,
  isRejection,
  type Offer,
  offerIdOf,
  openLetter,
  parseInvoice,
  parseSealedLetter,
  sha256,
  toHex,
} from '@tallystick/protocol'
import fc from 'fast-check'
import type { LetterPayment } from '#client-sdk/letters/letter-payment.js'
import {
  isEnded,
  type LetterPaymentEvent,
  stepLetterPayment,
} from '#client-sdk/letters/letter-payment-machine.js'
import { announcingPayment, askingPayment } from '#client-sdk/letters/new-letter-payment.js'
import { invoiceAskedFor, type OwnOffer, requestLabel } from '#client-sdk/letters/own-offer.js'
import { at, CHAIN, NOW, SIGNERS, testSigner } from '../protocol/test-channel.js'

const PAYEE = deriveKeys(new Uint8Array(32).fill(21))
const OFFER: Offer = {
  chainId: CHAIN,
  hubs: [SIGNERS.hub.publicKey],
  payee: PAYEE.identity.publicKey,
  asset: 0,
  amount: undefined,
  description: 'anything',
  expiry: at(5_000),
  nonce: new Uint8Array(16),
}
const TEXT = encodeOffer(OFFER, PAYEE.identity)
const OWN: OwnOffer = {
  id: offerIdOf(OFFER),
  text: TEXT,
  status: 'active',
  created: NOW,
  offer: OFFER,
}
const ID = '11'.repeat(16) as ItemId
const EXPIRY = at(1_000)

let bytes = 0
const MAKER = {
  feed: { time: NOW, ledger: { chainId: CHAIN } },
  randomBytes: (length: number) => new Uint8Array(length).fill(++bytes),
} as unknown as Parameters<typeof askingPayment>[0]

function asked(value = 500n): LetterPayment {
  const order = { offer: OFFER, text: TEXT, amount: amount(value), feeMax: undefined }
  return askingPayment(MAKER, ID, { ...order, expiry: EXPIRY })
}

/** What the payee reads. */
function requestOf({ letter }: LetterPayment): InvoiceRequest {
  const sealed = parseSealedLetter(letter)
  assert.ok(!isRejection(sealed) && sealed.kind === 'letter')
  const address = { chainId: CHAIN, recipient: PAYEE.identity.publicKey }
  const content = openLetter(address, PAYEE.agree, sealed)
  assert.ok(!isRejection(content) && content.kind === 'invoiceRequest')
  return content
}

/** What the payee answers, who remembers nothing but its words. */
function answerTo(request: InvoiceRequest, now = NOW, change: Partial<Invoice> = {}) {
  const due = invoiceAskedFor(OWN, request, now)
  if (isRejection(due)) return { kind: 'refused', code: due.code, detail: '' } as const
  const preimage = PAYEE.secret(requestLabel(request), 0)
  const { description: text, nonce: _, ...shared } = OFFER
  const invoice: Invoice = {
    ...{ ...shared, ...due, anchor: toHex(sha256(preimage)) as Anchor },
    description: { kind: 'text', text },
    offer: fromHex(request.offer),
    ...change,
  }
  const payee = change.payee === undefined ? PAYEE.identity : testSigner(7)
  return { kind: 'invoice', text: encodeInvoice(invoice, payee) } as const
}

const answered = (content: AnswerContent): LetterPaymentEvent => ({ kind: 'answered', content })

describe('OFFER-4 a payee', () => {
  const request = (change: Partial<InvoiceRequest> = {}) => ({ ...requestOf(asked()), ...change })
  const codeOf = (own: OwnOffer | undefined, change: Partial<InvoiceRequest> = {}, now = NOW) => {
    const due = invoiceAskedFor(own, request(change), now)
    return isRejection(due) ? due.code : due
  }

  test('gives an invoice of what was asked for, as long as both wait', () => {
    assert.deepEqual(codeOf(OWN), { amount: 500n, expiry: EXPIRY })
    const ends = { ...OWN, offer: { ...OFFER, expiry: at(700) } }
    assert.deepEqual(codeOf(ends), { amount: 500n, expiry: at(700) })
    const forever = { ...OWN, offer: { ...OFFER, expiry: undefined } }
    assert.deepEqual(codeOf(forever, { expiry: at(500_000) }), { amount: 500n, expiry: at(86_400) })
  })

  test('refuses what does not fit, by name', () => {
    assert.equal(codeOf(undefined), 'offer_unknown')
    assert.equal(codeOf({ ...OWN, status: 'withdrawn' }), 'offer_unknown')
    assert.equal(codeOf(OWN, { expiry: at(9_000) }, at(5_001)), 'offer_expired')
    assert.equal(codeOf(OWN, {}, at(1_001)), 'request_expired')
    assert.equal(codeOf(OWN, { amount: amount(0n) }), 'amount_mismatch')
    const fixed = { ...OWN, offer: { ...OFFER, amount: amount(501n) } }
    assert.equal(codeOf(fixed), 'amount_mismatch')
    assert.deepEqual(codeOf(fixed, { amount: amount(501n) }), { amount: 501n, expiry: EXPIRY })
  })

  test('has one preimage for one request, and another for any other', () => {
    const one = request()
    const others = [
      { amount: amount(501n) },
      { expiry: at(999) },
      { answerKey: new Uint8Array(32) },
    ]
    const labels = [one, one, ...others.map((change) => ({ ...one, ...change }))].map(requestLabel)
    assert.equal(new Set(labels).size, 4)
    assert.equal(labels[0], labels[1])
  })
})

describe('OFFER-5 a payer', () => {
  test('pays the invoice that the payee gives', () => {
    const payment = asked()
    const paying = stepLetterPayment(payment, answered(answerTo(requestOf(payment))), at(5))
    assert.equal(paying.status, 'paying')
    assert.ok(paying.what.kind === 'offer' && !isRejection(parseInvoice(paying.what.invoice)))
  })

  for (const [what, change] of [
    ['another amount', { amount: amount(501n) }],
    ['an open amount', { amount: undefined }],
    ['another asset', { asset: 1 }],
    ['another offer', { offer: new Uint8Array(32) }],
    ['no offer', { offer: undefined }],
    ['another payee', { payee: testSigner(7).publicKey }],
  ] as const) {
    test(`pays no invoice of ${what}`, () => {
      const payment = asked()
      const answer = answered(answerTo(requestOf(payment), NOW, change))
      const { status, code } = stepLetterPayment(payment, answer, at(5))
      assert.deepEqual([status, code], ['failed', 'answer_invalid'])
    })
  }

  test('is told why by the payee, in words of its own', () => {
    const refused = (code: string) => answered({ kind: 'refused', code, detail: '' })
    assert.equal(stepLetterPayment(asked(), refused('no_liquidity'), at(5)).code, 'no_liquidity')
    assert.equal(stepLetterPayment(asked(), refused('<b>!'), at(5)).code, 'declined')
    assert.equal(stepLetterPayment(asked(), refused(''), at(5)).code, 'declined')
  })

  test('fails when its time is over, and not a moment before', () => {
    const payment = asked()
    assert.equal(stepLetterPayment(payment, { kind: 'timePassed' }, EXPIRY), payment)
    const late = stepLetterPayment(payment, { kind: 'timePassed' }, at(1_001))
    assert.deepEqual([late.status, late.code], ['failed', 'expired'])
    // What comes then comes too late, whatever it says.
    const answer = answered(answerTo(requestOf(payment)))
    assert.equal(stepLetterPayment(late, answer, at(1_002)), late)
  })

  test('is not told to have failed by the clock once it pays', () => {
    const payment = asked()
    const paying = stepLetterPayment(payment, answered(answerTo(requestOf(payment))), at(5))
    assert.equal(stepLetterPayment(paying, { kind: 'timePassed' }, at(9_000)), paying)
    const undeliverable = { kind: 'undeliverable', code: 'recipient_unknown' } as const
    assert.equal(stepLetterPayment(paying, undeliverable, at(6)), paying)
  })
})

test('MAIL-5 what is not asked for is paid once the hub has kept the letter, and not before', () => {
  const order = { payee: PAYEE.identity.publicKey, amount: amount(5n), feeMax: undefined }
  const payment = announcingPayment(MAKER, ID, { ...order, message: 'hello' })
  assert.equal(payment.status, 'asking')
  assert.equal(stepLetterPayment(payment, { kind: 'kept' }, at(1)).status, 'paying')
  assert.equal(stepLetterPayment(asked(), { kind: 'kept' }, at(1)).status, 'asking')
})

/** Letters between a payer and a payee that remembers nothing: lost, repeated, late and out of order. */
test('INV-26 OFFER-5 however letters are lost, repeated and mixed up, one invoice is paid at most', () => {
  const Act = fc.oneof(
    fc.constant({ kind: 'put' } as const),
    fc.record({ kind: fc.constant('deliver' as const), which: fc.nat(9), seconds: fc.nat(1_400) }),
    fc.record({ kind: fc.constant('answer' as const), which: fc.nat(9), keeps: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(1_400) }),
    fc.constant({ kind: 'forge' } as const),
  )
  fc.assert(
    fc.property(fc.array(Act, { maxLength: 30 }), (acts) => {
      let payment = asked()
      const box: InvoiceRequest[] = []
      const answers: AnswerContent[] = []
      const anchors = new Set<string>()
      const seen: string[] = [payment.status]
      let now: number = NOW
      const meet = (event: LetterPaymentEvent) => {
        const before = payment
        payment = stepLetterPayment(payment, event, now as typeof NOW)
        if (payment.status === before.status) assert.equal(payment, before)
        else seen.push(payment.status)
        if (payment.what.kind === 'offer' && payment.what.invoice !== '') {
          const invoice = parseInvoice(payment.what.invoice)
          assert.ok(!isRejection(invoice))
          anchors.add(invoice.anchor)
        }
      }
      for (const act of acts) {
        switch (act.kind) {
          case 'put':
            box.push(requestOf(payment))
            break
          case 'deliver': {
            const request = box[act.which % Math.max(box.length, 1)]
            if (request !== undefined)
              answers.push(answerTo(request, (NOW + act.seconds) as typeof NOW))
            break
          }
          case 'answer': {
            const content = answers[act.which % Math.max(answers.length, 1)]
            if (content !== undefined) meet(answered(content))
            break
          }
          case 'wait':
            now += act.seconds
            meet({ kind: 'timePassed' })
            break
          case 'forge':
            meet({ kind: 'ended', status: 'paid', code: '' })
        }
      }
      assert.ok(anchors.size <= 1, 'two invoices were paid')
      // An end stays, and nothing that was failed is paid.
      const order = ['asking', 'paying', 'paid']
      const forward = seen.filter((status) => status !== 'failed')
      assert.deepEqual(forward, order.slice(0, forward.length))
      assert.ok(!isEnded(payment) || seen.at(-1) === payment.status)
    }),
    { numRuns: 150, seed: 8_302 },
  )
})
