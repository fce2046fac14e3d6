import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  encode,
  encodeInvoice,
  encodeReceipt,
  type Invoice,
  isRejection,
  parseReceipt,
  RECEIPT_CHARACTERS_MAX,
  receiptCodec,
  sha256,
  utf8,
} from '@tallystick/protocol'
import { parseSignedInvoice } from '#protocol/invoice/invoice.js'
import { signedString, signedStringBytes } from '#protocol/invoice/signed-string.js'
import { anchorFor, at, CHAIN, codeOf, preimage, SIGNERS, testSigner } from './test-channel.js'

const PAYEE = testSigner(5)
const INVOICE: Invoice = {
  chainId: CHAIN,
  hubs: [SIGNERS.hub.publicKey],
  payee: PAYEE.publicKey,
  asset: 0,
  amount: amount(12_345n),
  anchor: anchorFor(1),
  expiry: at(600),
  description: { kind: 'hash', hash: sha256(utf8('two coffees')) },
  offer: undefined,
}
const OPEN: Invoice = { ...INVOICE, amount: undefined }

function receiptOf(invoice: Invoice, paid = 7n, secret = preimage(1), signer = PAYEE): string {
  const text = encodeReceipt(encodeInvoice(invoice, signer), secret, amount(paid))
  assert.ok(typeof text === 'string', JSON.stringify(text))
  return text
}

/** The string of a receipt that no honest writer makes. */
function forged(change: { readonly paid?: bigint; readonly secret?: Uint8Array }): string {
  const signed = parseSignedInvoice(encodeInvoice(INVOICE, PAYEE))
  assert.ok(!isRejection(signed))
  const { secret = preimage(1) } = change
  const made = { version: 1, signed, preimage: secret, amount: undefined }
  return signedString('receipt', encode(receiptCodec, made), RECEIPT_CHARACTERS_MAX)
}

describe('RECEIPT-1 a receipt', () => {
  test('shows what was paid for, to whom, and the amount that the payee signed', () => {
    const text = receiptOf(INVOICE)
    assert.ok(text.startsWith('tallyr1'))
    const shown = { preimage: preimage(1), amount: 12_345n, isAmountProven: true }
    assert.deepEqual(parseReceipt(text), { invoice: INVOICE, ...shown })
    assert.deepEqual(parseReceipt(text.toUpperCase()), { invoice: INVOICE, ...shown })
  })

  test('of an open amount says what was paid, and that nobody signed that', () => {
    const shown = { preimage: preimage(1), amount: 7n, isAmountProven: false }
    assert.deepEqual(parseReceipt(receiptOf(OPEN)), { invoice: OPEN, ...shown })
  })

  test('is not made with another preimage, and one that has it is refused', () => {
    const text = encodeInvoice(INVOICE, PAYEE)
    assert.equal(codeOf(encodeReceipt(text, preimage(2), amount(1n))), 'receipt_wrong_preimage')
    assert.equal(codeOf(encodeReceipt(text.slice(1), preimage(1), amount(1n))), 'invoice_malformed')
    assert.equal(codeOf(parseReceipt(forged({ secret: preimage(2) }))), 'receipt_wrong_preimage')
  })

  test('every altered character is noticed', () => {
    const text = receiptOf(INVOICE)
    for (let i = 0; i < text.length; i++) {
      const other = `${text.slice(0, i)}${text[i] === 'q' ? 'p' : 'q'}${text.slice(i + 1)}`
      assert.equal(codeOf(parseReceipt(other)), 'receipt_malformed', other)
      assert.equal(codeOf(parseReceipt(text.slice(0, i))), 'receipt_malformed')
    }
  })

  test('INV-20 each of its bytes but those of an amount that nobody signed is bound', () => {
    const bytes = signedStringBytes('receipt', receiptOf(INVOICE), RECEIPT_CHARACTERS_MAX)
    assert.ok(typeof bytes !== 'string')
    for (let i = 0; i < bytes.length; i++) {
      const other = bytes.map((byte, j) => (i === j ? byte ^ 1 : byte))
      const parsed = parseReceipt(signedString('receipt', other, RECEIPT_CHARACTERS_MAX))
      assert.ok(isRejection(parsed), `byte ${i}`)
    }
  })

  test('fits the longest invoice', () => {
    const hubs = [1, 2, 3, 4].map((name) => testSigner(name).publicKey)
    const description = { kind: 'text', text: 'x'.repeat(1_024) } as const
    const longest = { ...OPEN, hubs, description, offer: new Uint8Array(32) }
    assert.ok(!isRejection(parseReceipt(receiptOf(longest, 2n ** 63n - 1n))))
  })
})
