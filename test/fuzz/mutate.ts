import { concatBytes, fromHex, utf8 } from '@tallystick/protocol'
import type { Dice } from '../protocol/test-channel.js'

/** Numbers at the ends of what a varint may hold, and forms that are too long for it (ENC-2). */
const EXTREME_VARINTS: readonly Uint8Array[] = [
  '00',
  '7f',
  '8001',
  '8000',
  'ff7f',
  'ffff03',
  '808004',
  'ffffffff0f',
  '8080808010',
  'ffffffffffff3f',
  'ffffffffffffff0f',
  '8080808080808010',
  'ffffffffffffffff7f',
  'ffffffffffffffffff01',
  '80808080808080808000',
].map(fromHex)

/** Pieces of text that readers of text have fallen over elsewhere. */
const ODD_TEXTS: readonly Uint8Array[] = [
  Uint8Array.of(0xff),
  Uint8Array.of(0),
  ...[
    ...['\u212a', '\u017f', '\u0130', '\u0660', '\uff11', '\ufeff', '\u2028', '\u00a0'],
    ...['\n', '\t', ' ', '-', '+', '.', '0', '1e9', '0x', '1_0', '9'.repeat(20), '"', '\\u0000'],
    ...['(', ')', ',', '{', '}', '[', ']', 'null', 'true', '__proto__', '\u{1f4b7}'],
  ].map(utf8),
]

/** Letters of other scripts that become one of ours in another case or normal form. */
const LOOKALIKES: readonly (readonly [ours: string, theirs: string])[] = [
  ['K', '\u212a'],
  ['k', '\u212a'],
  ['s', '\u017f'],
  ['S', '\u017f'],
  ['i', '\u0130'],
  ['1', '\uff11'],
  ['a', '\uff41'],
]

/** `input` after one to four injuries, some of them with parts of `other`. */
export function mutate(input: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  let result = input
  for (let count = 1 + dice.roll(4); count > 0; count--) result = injure(result, other, dice)
  return result
}

function injure(input: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.roll(input.length + 1)
  const end = Math.min(input.length, at + 1 + dice.roll(dice.pick([1, 4, 40])))
  const [before, part, after] = [
    input.subarray(0, at),
    input.subarray(at, end),
    input.subarray(end),
  ]
  switch (dice.roll(13)) {
    // A bit turned, or a byte at the end of its range.
    case 0:
      return changedByte(input, at, (byte) => byte ^ (1 << dice.roll(8)))
    case 1:
      return changedByte(input, at, () => dice.pick([0x00, 0x01, 0x7f, 0x80, 0xff]))
    case 2:
      return changedByte(input, at, (byte) => byte + dice.pick([-1, 1]))
    // Truncation and extension.
    case 3:
      return before
    case 4:
      return concatBytes(input, dice.bytes(1 + dice.roll(8)))
    // A part left out, doubled, or put elsewhere.
    case 5:
      return concatBytes(before, after)
    case 6:
      return concatBytes(before, part, part, after)
    case 7:
      return concatBytes(after, part, before)
    // A length or number blown up, or written in a longer form.
    case 8:
      return concatBytes(before, dice.pick(EXTREME_VARINTS), input.subarray(at + 1))
    case 9:
      return concatBytes(
        before,
        input.subarray(at, at + 1).map((byte) => byte | 0x80),
        Uint8Array.of(0),
        input.subarray(at + 1),
      )
    // A splice of two inputs.
    case 10: {
      const from = dice.chance(50) ? Math.min(at, other.length) : dice.roll(other.length + 1)
      return concatBytes(before, other.subarray(from))
    }
    case 11:
      return withLookalike(input, at, dice)
    default:
      return concatBytes(
        before,
        dice.pick(ODD_TEXTS),
        dice.chance(50) ? after : concatBytes(part, after),
      )
  }
}

function changedByte(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  return input.map((byte, i) => (i === at ? change(byte) : byte))
}

/** The first of our letters from `at` on, in another script. */
function withLookalike(input: Uint8Array, at: number, dice: Dice): Uint8Array {
  const [ours, theirs] = dice.pick(LOOKALIKES)
  const found = input.indexOf(ours.charCodeAt(0), at)
  if (found < 0) return input
  return concatBytes(input.subarray(0, found), utf8(theirs), input.subarray(found + 1))
}
