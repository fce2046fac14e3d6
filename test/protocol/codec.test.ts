import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  amount,
  amountCodec,
  byteString,
  type Codec,
  concatBytes,
  decode,
  decodeTrusted,
  encode,
  encodeBriefly,
  fixedBytes,
  flag,
  fromHex,
  identifier,
  integer,
  list,
  oneOf,
  optional,
  refine,
  struct,
  TIMESTAMP_MAX,
  text,
  timestampCodec,
  toHex,
  union,
  useEncoded,
} from '@tallystick/protocol'
import { MalformedBytes } from '#protocol/codec/reader.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import { varint } from './layout-bytes.js'

describe('ENC-2 numbers', () => {
  const one = integer(2 ** 48)
  for (const [hex, value] of [
    ['00', 0],
    ['7f', 127],
    ['8001', 128],
    ['ff7f', 16_383],
    ['808001', 16_384],
    ['8080808080808040', 2 ** 48 * 128],
  ] as const) {
    test(`${hex} is ${value}`, () => {
      assert.equal(toHex(encode(amountCodec, amount(BigInt(value)))), hex)
      assert.equal(decode(amountCodec, fromHex(hex)), BigInt(value))
      if (value <= 2 ** 48) assert.equal(decode(one, fromHex(hex)), value)
    })
  }

  test('INV-3 the largest amount is nine bytes, and nothing longer is read', () => {
    assert.equal(toHex(encode(amountCodec, amount(AMOUNT_MAX))), 'ffffffffffffffff7f')
    assert.equal(decode(amountCodec, fromHex('ffffffffffffffff7f')), 9_223_372_036_854_775_807n)
    assert.throws(() => encode(amountCodec, (2n ** 63n) as never), BrokenInvariant)
    assert.throws(() => encode(amountCodec, -1n as never), BrokenInvariant)
  })

  for (const [hex, offset] of [
    ['8000', 2],
    ['808000', 3],
    ['ff00', 2],
    ['80808080808080' + '00', 8],
    ['8080808080808080' + '00', 9],
  ] as const) {
    test(`INV-23 a number that is longer than it must be: ${hex}`, () => {
      assert.deepEqual(decode(amountCodec, fromHex(hex)), {
        kind: 'rejection',
        code: 'malformed',
        detail: `byte ${offset}: the number is not in its shortest form`,
      })
    })
  }

  for (const [codec, hex, detail] of [
    [amountCodec, '80'.repeat(9), 'byte 9: the number is longer than nine bytes'],
    [amountCodec, 'ff', 'byte 1: the bytes end too early'],
    [amountCodec, '', 'byte 0: the bytes end too early'],
    [amountCodec, '0000', 'byte 1: there are bytes behind the end'],
    [integer(9, 3), '02', 'byte 1: the number is outside 3..9'],
    [integer(9, 3), '0a', 'byte 1: the number is outside 3..9'],
    [integer(2 ** 53 - 1), '8080808080808010', 'byte 8: the number is above 2^53-1'],
    [timestampCodec, '808080808020', 'byte 6: the number is outside 0..1099511627775'],
    [flag, '02', 'byte 1: a flag is 0 or 1'],
    [oneOf('a', 'b'), '02', 'byte 1: the byte is none of a, b'],
    [optional(flag), '02', 'byte 1: a presence flag is 0 or 1'],
    [union({ a: [1, struct({})] }), '00', 'byte 1: the byte names no known kind'],
    [fixedBytes(3), '0102', 'byte 0: the bytes end too early'],
    [identifier(3), '0102', 'byte 0: the bytes end too early'],
    [byteString(3), '0401020304', 'byte 1: the number is outside 0..3'],
    [byteString(3), '030102', 'byte 1: the bytes end too early'],
    [list(flag, 2), '03000000', 'byte 1: the number is outside 0..2'],
    [list(flag, 2, 1), '00', 'byte 1: the number is outside 1..2'],
    [list(flag, 2), '020003', 'byte 3: a flag is 0 or 1'],
    [
      refine(list(flag, 2), (items) => items.length !== 1, 'never one'),
      '0101',
      'byte 2: never one',
    ],
    [text(8), '01ff', 'byte 2: the text is not UTF-8'],
    [text(8), '02c080', 'byte 3: the text is not UTF-8'],
    [text(8), '03eda080', 'byte 4: the text is not UTF-8'],
    [text(8), '02c3', 'byte 1: the bytes end too early'],
    [text(2), '03616263', 'byte 1: the number is outside 0..2'],
    [struct({ a: flag, b: flag }), '0105', 'byte 2: a flag is 0 or 1'],
    [
      union({ a: [1, refine(struct({ b: flag }), ({ b }) => b, 'only true')] }),
      '0100',
      'byte 2: only true',
    ],
  ] as readonly (readonly [Codec<unknown>, string, string])[]) {
    test(`INV-23 ${JSON.stringify(codec.layout)} refuses ${hex || 'nothing'}`, () => {
      const refused = { kind: 'rejection', code: 'malformed', detail }
      assert.deepEqual(decode(codec, fromHex(hex)), refused)
      assert.throws(() => decodeTrusted(codec, fromHex(hex)), MalformedBytes)
    })
  }
})

describe('ENC-1 what is written', () => {
  test('INV-23 lone surrogates, marks and overlong text', () => {
    assert.throws(() => encode(text(8), '\ud800'), BrokenInvariant)
    assert.throws(() => encode(text(8), 'a\udc00b'), BrokenInvariant)
    assert.throws(() => encode(text(2), 'abc'), BrokenInvariant)
    assert.equal(decode(text(8), encode(text(8), '\ufeffa')), '\ufeffa')
    assert.equal(decode(text(8), encode(text(8), '\u{1f4b7}')), '\u{1f4b7}')
    assert.equal(toHex(encode(text(8), 'ä')), '02c3a4')
  })

  test('values outside their range are broken invariants, not bytes', () => {
    for (const value of [-1, 10, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => encode(integer(9), value), BrokenInvariant)
    }
    assert.throws(() => encode(timestampCodec, (TIMESTAMP_MAX + 1) as never), BrokenInvariant)
    assert.throws(() => encode(fixedBytes(2), Uint8Array.of(1)), BrokenInvariant)
    assert.throws(() => encode(identifier(2), 'ABCD' as never), BrokenInvariant)
    assert.throws(() => encode(identifier(2), 'abc' as never), BrokenInvariant)
    assert.throws(() => encode(list(flag, 1), [true, true]), BrokenInvariant)
    assert.throws(() => encode(oneOf('a'), 'b' as never), BrokenInvariant)
    assert.throws(
      () => encode(union({ a: [1, struct({})] }), { kind: 'b' } as never),
      BrokenInvariant,
    )
    const never = refine(flag, (value) => value, 'only true')
    assert.throws(() => encode(never, false), BrokenInvariant)
  })

  test('decoded bytes are a copy: a reused network buffer changes nothing', () => {
    const buffer = fromHex('0102')
    const value = decode(fixedBytes(2), buffer)
    buffer.fill(9)
    assert.deepEqual(value, fromHex('0102'))
  })

  test('stays as it is when more is written, inside of an encoding and behind one that failed', () => {
    const content = byteString(300)
    const [first, second] = [new Uint8Array(200).fill(1), new Uint8Array(100).fill(2)]
    const inner: Codec<Uint8Array> = {
      layout: 'a digest of what is encoded meanwhile',
      write: (writer, bytes) => {
        writer.bytes(bytes)
        writer.bytes(encode(content, second))
      },
      read: (reader) => reader.fail('is written only'),
    }
    const whole = concatBytes(first, varint(100n), second)
    const kept = [encode(content, first), encodeBriefly(content, first)]
    assert.deepEqual(encode(inner, first), whole)
    assert.throws(() =>
      encode(struct({ first: content, second: fixedBytes(1) }), { first, second }),
    )
    const digest = useEncoded(content, second, (bytes) => {
      encode(inner, first)
      return toHex(bytes)
    })
    assert.equal(digest, toHex(concatBytes(varint(100n), second)))
    for (const bytes of kept) assert.deepEqual(bytes, concatBytes(varint(200n), first))
  })

  test('a long encoding outgrows the first buffer', () => {
    const bytes = new Uint8Array(100_000).fill(7)
    const encoded = encode(byteString(200_000), bytes)
    assert.equal(toHex(encoded), toHex(concatBytes(varint(100_000n), bytes)))
  })
})
