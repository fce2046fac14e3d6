import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AMOUNT_MAX } from '@tallystick/protocol'
import fc from 'fast-check'
import { amountOf } from '#client-sdk/decimal-amount.js'

const codeOf = (text: unknown, decimals = 2): string | bigint => {
  try {
    return amountOf(text as string, { decimals })
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error)
    return String(error.code)
  }
}

describe('PAY-2 an amount that somebody typed', () => {
  for (const text of [
    ...['', ' ', '.', '1.', '.5', '1..2', '1.2.3', '1,5', '1 000', "1'000", ' 1', '1 ', '1\n'],
    ...['+1', '-1', '-0', '\u22121', '1e3', '1E3', '1e-2', '0x10', '0b1', '1n', 'NaN', 'Infinity'],
    ...['\u0661\u0662', '\uff11', '\u0967', '1\u200b', '\ufeff1', '007', '00', '01.5', '1_000'],
    ...['012345678901234567890', undefined, null, 5, 5n, {}],
  ]) {
    test(`${typeof text} ${JSON.stringify(String(text))} is no amount`, () => {
      assert.equal(codeOf(text), 'decimal_malformed')
    })
  }

  test('has no more decimals than its asset, be they zeros', () => {
    assert.equal(codeOf('1.23'), 123n)
    assert.equal(codeOf('1.234'), 'too_many_decimals')
    assert.equal(codeOf('1.230'), 'too_many_decimals')
    assert.equal(codeOf('1.0', 0), 'too_many_decimals')
    assert.equal(codeOf('9223372036854775807', 0), AMOUNT_MAX)
    assert.equal(codeOf('9223372036854775808', 0), 'amount_invalid')
    assert.equal(codeOf('12345678901234567890'), 'amount_invalid')
    assert.equal(codeOf(`${'9'.repeat(60)}.5`), 'amount_invalid')
  })

  test('comes back as it was, of any asset (property)', () => {
    const units = fc.bigInt({ min: 0n, max: AMOUNT_MAX })
    fc.assert(
      fc.property(units, fc.nat(18), (value, decimals) => {
        const digits = value.toString().padStart(decimals + 1, '0')
        const at = digits.length - decimals
        const text = decimals === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`
        assert.equal(codeOf(text, decimals), value)
      }),
    )
  })

  test('is taken in one spelling alone, whatever was typed (property)', () => {
    const keys = fc.constantFrom(...'0123456789.,+-eE _\u0663')
    fc.assert(
      fc.property(fc.string({ unit: keys, maxLength: 8 }), (text) => {
        const taken = codeOf(text)
        if (typeof taken === 'bigint') assert.match(text, /^(0|[1-9][0-9]*)(\.[0-9]{1,2})?$/)
      }),
    )
  })
})
