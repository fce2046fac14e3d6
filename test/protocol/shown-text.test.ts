import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode, isRejection, isShownText, shownText } from '@tallystick/protocol'
import fc from 'fast-check'

describe('INVOICE-5 text that people are shown', () => {
  for (const shown of [
    '',
    'two coffees ☕',
    "<b>'; DROP TABLE--",
    'שתי כוסות קפה',
    '👩‍👩‍👧',
    ' \u00a0',
    '\ufeffx',
  ]) {
    test(`${JSON.stringify(shown)} comes back exactly as it was given`, () => {
      assert.ok(isShownText(shown))
      assert.equal(decode(shownText(64), encode(shownText(64), shown)), shown)
    })
  }

  for (const hidden of [
    '\0',
    'a\nb',
    'a\tb',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
    '\u202e',
    '\u2066',
    '\ud800',
  ]) {
    test(`${JSON.stringify(hidden)} is refused`, () => {
      assert.equal(isShownText(hidden), false)
    })
  }

  test('whatever is written is what is read, of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 16 }), (shown) => {
        if (!isShownText(shown)) return assert.throws(() => encode(shownText(64), shown))
        const read = decode(shownText(64), encode(shownText(64), shown))
        assert.equal(isRejection(read), false)
        assert.equal(read, shown)
      }),
    )
  })
})
