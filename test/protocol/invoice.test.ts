import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bech32m } from '@scure/base'
import {
  AMOUNT_MAX,
  amount,
  encode,
  encodeInvoice,
  INVOICE_CHARACTERS_MAX,
  INVOICE_VERSION,
  type Invoice,
  invoiceCodec,
  isRejection,
  parseInvoice,
  parseOffer,
  parseReceipt,
  sha256,
  TAG,
  taggedHash,
  utf8,
} from '@tallystick/protocol'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import {
  anchorFor,
  at,
  CHAIN,
  codeOf,
  Dice,
  OTHER_CHAIN,
  SIGNERS,
  testSigner,
} from './test-channel.js'

const PAYEE = testSigner(5)
const INVOICE: Invoice = {
  chainId: CHAIN,
  hubs: [SIGNERS.hub.publicKey],
  payee: PAYEE.publicKey,
  asset: 0,
  amount: amount(12_345n),
  anchor: anchorFor(1),
  expiry: at(600),
  description: { kind: 'text', text: 'two coffees ☕' },
  offer: undefined,
}
const TEXT = encodeInvoice(INVOICE, PAYEE)

function words(text: string): Invoice['description'] {
  return { kind: 'text', text }
}

/** The string of these bytes, with a right checksum. */
function stringOf(bytes: Uint8Array, prefix = 'tally'): string {
  return bech32m.encode(prefix, bech32m.toWords(bytes), false)
}
function bytesOf(text: string): Uint8Array {
  const { words } = bech32m.decode(text as `${string}1${string}`, false)
  return bech32m.fromWords(words)
}

describe('INVOICE-1 invoice strings', () => {
  test('what was asked for comes back', () => {
    assert.ok(TEXT.startsWith('tally1'))
    assert.deepEqual(parseInvoice(TEXT), INVOICE)
    const plain = { ...INVOICE, description: words(''), amount: amount(AMOUNT_MAX) }
    assert.deepEqual(parseInvoice(encodeInvoice(plain, PAYEE)), plain)
    const open: Invoice = {
      ...INVOICE,
      hubs: [1, 2, 3, 4].map((name) => testSigner(name).publicKey),
      amount: undefined,
      description: { kind: 'hash', hash: sha256(utf8('two coffees')) },
      offer: sha256(utf8('an offer')),
    }
    assert.deepEqual(parseInvoice(encodeInvoice(open, PAYEE)), open)
  })

  test('INV-23 a letter of another script that lowers to one of ours makes it none', () => {
    // The Kelvin sign is its own upper case, and its lower case is a plain k.
    const kelvin = TEXT.toUpperCase().replace('K', '\u212a')
    assert.notEqual(kelvin, TEXT.toUpperCase())
    assert.equal(kelvin.toLowerCase(), TEXT)
    assert.equal(codeOf(parseInvoice(kelvin)), 'invoice_malformed')
  })

  test('who takes one kind of string for another is told which it is', () => {
    const refused = parseOffer(TEXT)
    assert.ok(isRejection(refused))
    assert.equal(refused.detail, 'an offer starts with tallyo1, and this is an invoice')
    assert.equal(codeOf(refused), 'offer_malformed')
    const receipt = parseReceipt(TEXT.toUpperCase())
    assert.ok(isRejection(receipt))
    assert.equal(receipt.detail, 'a receipt starts with tallyr1, and this is an invoice')
  })

  test('all upper case, as QR codes have it, is the same invoice, a mixture is none', () => {
    assert.deepEqual(parseInvoice(TEXT.toUpperCase()), INVOICE)
    assert.equal(codeOf(parseInvoice(`TALLY${TEXT.slice(5)}`)), 'invoice_malformed')
  })

  test('the longest description still fits a string of 2,400 characters, one byte more does not', () => {
    const hubs = [1, 2, 3, 4].map((name) => testSigner(name).publicKey)
    const long = {
      ...INVOICE,
      hubs,
      offer: new Uint8Array(32),
      description: words('x'.repeat(1_024)),
    }
    const text = encodeInvoice(long, PAYEE)
    assert.ok(text.length <= INVOICE_CHARACTERS_MAX, String(text.length))
    assert.deepEqual(parseInvoice(text), long)
    const longer = { ...long, description: words('x'.repeat(1_025)) }
    assert.throws(() => encodeInvoice(longer, PAYEE), BrokenInvariant)
    assert.equal(
      codeOf(parseInvoice(`${text}${'q'.repeat(INVOICE_CHARACTERS_MAX)}`)),
      'invoice_malformed',
    )
  })

  test('every changed, lost or swapped character is noticed', () => {
    const dice = new Dice(1)
    for (let at = 0; at < TEXT.length; at++) {
      const other = dice.pick([...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'].filter((c) => c !== TEXT[at]))
      const changed = `${TEXT.slice(0, at)}${other}${TEXT.slice(at + 1)}`
      assert.equal(codeOf(parseInvoice(changed)), 'invoice_malformed', changed)
      const lost = `${TEXT.slice(0, at)}${TEXT.slice(at + 1)}`
      assert.equal(codeOf(parseInvoice(lost)), 'invoice_malformed', lost)
    }
  })

  for (const [what, text] of [
    ['nothing', ''],
    ['mixed case', TEXT.replace('tally', 'Tally')],
    ['another prefix', stringOf(bytesOf(TEXT), 'tallx')],
    ['spaces around', ` ${TEXT}`],
    ['no content', stringOf(new Uint8Array())],
    ['a byte behind the end', stringOf(Uint8Array.of(...bytesOf(TEXT), 0))],
    ['a byte less', stringOf(bytesOf(TEXT).subarray(0, -1))],
    ['a word of padding too much', padded()],
  ] as const) {
    test(`INV-23 ${what} is malformed`, () => {
      assert.equal(codeOf(parseInvoice(text)), 'invoice_malformed')
    })
  }

  test('INV-20 each byte of the invoice is bound by the signature of its payee', () => {
    const bytes = bytesOf(TEXT)
    const signed = encode(invoiceCodec, INVOICE).length
    for (let i = 0; i < bytes.length; i++) {
      const parsed = parseInvoice(stringOf(bytes.map((byte, j) => (i === j ? byte ^ 1 : byte))))
      assert.ok(isRejection(parsed), `byte ${i} of ${signed}`)
    }
  })

  for (const [field, change] of [
    ['chain id', { chainId: OTHER_CHAIN }],
    ['hub', { hubs: [SIGNERS.client.publicKey] }],
    ['another hub', { hubs: [SIGNERS.hub.publicKey, SIGNERS.client.publicKey] }],
    ['payee', { payee: SIGNERS.client.publicKey }],
    ['asset', { asset: 1 }],
    ['amount', { amount: amount(12_346n) }],
    ['open amount', { amount: undefined }],
    ['anchor', { anchor: anchorFor(2) }],
    ['expiry', { expiry: at(601) }],
    ['description', { description: words('one coffee') }],
    ['offer', { offer: new Uint8Array(32) }],
  ] as const) {
    test(`INV-20 another ${field} under the same signature is refused by name`, () => {
      const other = encode(invoiceCodec, { ...INVOICE, ...change } as Invoice)
      const signature = bytesOf(TEXT).subarray(-64)
      const forged = stringOf(Uint8Array.of(INVOICE_VERSION, ...other, ...signature))
      assert.equal(codeOf(parseInvoice(forged)), 'invoice_bad_signature')
    })
  }

  test('INVOICE-1 a string of another version is refused by name', () => {
    const [, ...rest] = bytesOf(TEXT)
    for (const version of [0, 1, 3, 255]) {
      assert.equal(
        codeOf(parseInvoice(stringOf(Uint8Array.of(version, ...rest)))),
        'invoice_version',
      )
    }
    // The first format had no version: it began with the id of the chain.
    assert.equal(codeOf(parseInvoice(stringOf(Uint8Array.from(rest)))), 'invoice_version')
  })

  test('what was signed of one version is not signed of another', () => {
    const signature = PAYEE.sign(taggedHash(TAG.invoice, encode(invoiceCodec, INVOICE)))
    const forged = Uint8Array.of(INVOICE_VERSION, ...encode(invoiceCodec, INVOICE), ...signature)
    assert.equal(codeOf(parseInvoice(stringOf(forged))), 'invoice_bad_signature')
  })

  for (const [what, change] of [
    ['no hub', { hubs: [] }],
    ['five hubs', { hubs: [1, 2, 3, 4, 5].map((name) => testSigner(name).publicKey) }],
    ['one hub twice', { hubs: [SIGNERS.hub.publicKey, SIGNERS.hub.publicKey] }],
    ['a line end', { description: words('two\ncoffees') }],
    ['a change of direction', { description: words('two \u202ecoffees') }],
  ] as const) {
    test(`INVOICE-1 an invoice with ${what} is not written`, () => {
      assert.throws(
        () => encodeInvoice({ ...INVOICE, ...change } as Invoice, PAYEE),
        BrokenInvariant,
      )
    })
  }

  test('only the payee that it names can have signed it', () => {
    assert.equal(codeOf(parseInvoice(encodeInvoice(INVOICE, SIGNERS.hub))), 'invoice_bad_signature')
  })
})

/** The same bytes with one more five-bit group of zeros at the end. */
function padded(): string {
  const { words } = bech32m.decode(TEXT as `${string}1${string}`, false)
  return bech32m.encode('tally', [...words, 0], false)
}
