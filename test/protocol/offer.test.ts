import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  amount,
  encodeInvoice,
  encodeOffer,
  isRejection,
  type Offer,
  offerIdOf,
  parseInvoice,
  parseOffer,
  type Rejection,
  timestamp,
} from '@tallystick/protocol'
import { CHAIN, SIGNERS, testSigner } from './test-channel.js'

const PAYEE = testSigner(5)
const OFFER: Offer = {
  chainId: CHAIN,
  hubs: [SIGNERS.hub.publicKey],
  payee: PAYEE.publicKey,
  asset: 0,
  amount: amount(25_000n),
  description: 'Le café du coin — 1 espresso',
  expiry: timestamp(1_800_000_000),
  nonce: new Uint8Array(16).fill(8),
}
const TEXT = encodeOffer(OFFER, PAYEE)

function codeOf(text: string): string | undefined {
  const offer = parseOffer(text)
  return isRejection(offer) ? (offer as Rejection).code : undefined
}

test('OFFER-1 an offer comes back as it was made, in lower and in upper case', () => {
  assert.match(TEXT, /^tallyo1/)
  assert.deepEqual(parseOffer(TEXT), OFFER)
  assert.deepEqual(parseOffer(TEXT.toUpperCase()), OFFER)
})

test('OFFER-1 what an offer may leave out is left out', () => {
  const open = { ...OFFER, amount: undefined, expiry: undefined, description: '' }
  assert.deepEqual(parseOffer(encodeOffer(open, PAYEE)), open)
})

test('OFFER-1 vector: the string and the name of an offer', () => {
  assert.equal(
    TEXT,
    'tallyo1q8zvf3xycnzvf3xycnzvf3xycnzvf3xycnzvf3xycnzvf3xycnzvgqvp89msa2raza04dg65vmp5clkvewxc4yd5acm6yh0kpadcljdnj3h858xa9xct0r738t6v2kv0al6w725hzehrefhjunalenvq2pdlzqqp4rpsz86vv5sxxctxcw5jqer4yp3k76twyr3gp9pqxysx2umswfjhxum0qxq2ff76qcyqszqgpqyqszqgpqyqszqgpqyw8pgpgve4686qp22fa9j6hh09gwwvmh9an63j9k8kjwk63tgkd8l2zy8zur0nyql3ya5368pjvlzfjx950tfjzq20ke9l3hycn2gnqqjq6a8p',
  )
  assert.equal(offerIdOf(OFFER), '8f0015218340c3845204ed820c6eefc190024d6eb74bdb82dc7cc2b73ad586c5')
})

test('OFFER-1 two offers of the same content have different names', () => {
  assert.notEqual(offerIdOf({ ...OFFER, nonce: new Uint8Array(16) }), offerIdOf(OFFER))
})

test('OFFER-1 an offer that was cut, altered, mixed in case or made by another is refused by name', () => {
  const altered = `${TEXT.slice(0, 30)}${TEXT[30] === 'q' ? 'p' : 'q'}${TEXT.slice(31)}`
  assert.equal(codeOf(altered), 'offer_malformed')
  assert.equal(codeOf(TEXT.slice(0, -1)), 'offer_malformed')
  assert.equal(codeOf(''), 'offer_malformed')
  assert.equal(codeOf(` ${TEXT}`), 'offer_malformed')
  assert.equal(codeOf(`T${TEXT.slice(1)}`), 'offer_malformed')
  assert.equal(codeOf(encodeOffer(OFFER, testSigner(6))), 'offer_bad_signature')
})

test('OFFER-1 an offer is no invoice, and an invoice no offer', () => {
  assert.ok(isRejection(parseInvoice(TEXT)))
  const { nonce: _, description, expiry: __, ...shared } = OFFER
  const invoice = {
    ...shared,
    anchor: 'a1'.repeat(32) as never,
    expiry: timestamp(1_800_000_000),
    description: { kind: 'text', text: description } as const,
    offer: undefined,
  }
  assert.equal(codeOf(encodeInvoice(invoice, PAYEE)), 'offer_malformed')
})

test('OFFER-1 INVOICE-5 a description that would deceive whoever is shown it is refused', () => {
  for (const description of ['two\nlines', 'left\u202eright', '\u0000']) {
    assert.throws(() => encodeOffer({ ...OFFER, description }, PAYEE))
  }
})
