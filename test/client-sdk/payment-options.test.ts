import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRejection, parseReceipt } from '@tallystick/protocol'
import { checkPaymentOptions } from '#client-sdk/node/check-payment-options.js'

test('HTTP402-1 a seller that is set up wrongly is told what would be right, at once', () => {
  for (const [options, code] of [
    [undefined, 'argument_invalid'],
    [null, 'argument_invalid'],
    [{}, 'amount_invalid'],
    [{ price: 1_000 }, 'amount_invalid'],
    [{ price: '1000' }, 'amount_invalid'],
    [{ price: 0n }, 'amount_invalid'],
    [{ price: 2n ** 70n }, 'amount_invalid'],
    [{ price: 1n, unit: 1 }, 'amount_invalid'],
    [{ price: 1n, answersMax: -1 }, 'argument_invalid'],
    [{ price: 1n, answerBytesMax: '1' }, 'argument_invalid'],
    [{ price: 1n, l402: true }, 'argument_invalid'],
    [{ price: 1n, l402: { price: 1n } }, 'argument_invalid'],
    [{ price: 1n, l402: { price: 1, seconds: 60 } }, 'amount_invalid'],
    [{ price: 1n, l402: { price: 1n, seconds: 60, route: 7 } }, 'argument_invalid'],
  ] as const) {
    assert.throws(() => checkPaymentOptions(options), { name: 'WalletError', code })
  }
  checkPaymentOptions({ price: 1n, l402: { price: 1n, seconds: 60, route: 'a' } })
})

test('RECEIPT-1 what is no text is no receipt, and refused by name', () => {
  for (const shown of [undefined, null, 7, {}]) {
    // As plain JavaScript may call it.
    const receipt = Reflect.apply(parseReceipt, undefined, [shown])
    assert.ok(isRejection(receipt) && receipt.code === 'receipt_malformed')
  }
})
