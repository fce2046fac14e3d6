import assert from 'node:assert/strict'
import * as protocol from '@tallystick/protocol'
import { type Codec, concatBytes, type Layout, utf8 } from '@tallystick/protocol'
import { Writer } from '#protocol/codec/writer.js'
import type { Dice } from './test-channel.js'

/*
 * Random canonical bytes, made from a codec's layout: from the words that the specification shows,
 * not from the code that reads them. Relations between fields are not in a layout; whatever breaks
 * one is refused by the codec, and the caller tries again.
 */

export type NamedCodec = readonly [name: string, codec: Codec<unknown>]

/** Every codec that the package exports. */
export function publicCodecs(): readonly NamedCodec[] {
  return Object.entries(protocol)
    .filter(([name]) => name.endsWith('Codec'))
    .map(([name, codec]) => [name, codec as unknown as Codec<unknown>] as const)
}

const TEXTS = ['', 'a', 'pay me', 'Größe', '\u{1f4b7}', '\ufeffmark']

export function bytesOfLayout(layout: Layout, dice: Dice): Uint8Array {
  if (typeof layout === 'string') return bytesOfWord(layout, dice)
  if ('fields' in layout) {
    return concatBytes(...layout.fields.map(([, field]) => bytesOfLayout(field, dice)))
  }
  if ('cases' in layout) {
    const [byte, , inner] = dice.pick(layout.cases)
    return concatBytes(Uint8Array.of(byte), bytesOfLayout(inner, dice))
  }
  const [min, max] = boundsOf(layout.bounds)
  const count = Math.min(max, min + dice.pick([0, 0, 1, 1, 2]))
  const items = Array.from({ length: count }, () => bytesOfLayout(layout.items, dice))
  // Many lists ascend.
  if (dice.chance(70)) items.sort(Buffer.compare)
  return concatBytes(varint(BigInt(count)), ...items)
}

function bytesOfWord(word: string, dice: Dice): Uint8Array {
  const fixed = /^bytes\[(\d+)\]$/.exec(word)
  if (fixed !== null) return dice.bytes(Number(fixed[1]))
  if (word === 'nothing') return new Uint8Array()
  if (word === 'byte 0 or 1') return Uint8Array.of(dice.roll(2))
  if (word.startsWith('byte: ')) return Uint8Array.of(dice.roll(word.split(',').length))
  const [min, max] = boundsOf(word)
  if (word.includes('bytes[length]')) {
    const content = dice.bytes(Math.min(max, dice.pick([0, 1, 5, 130])))
    return concatBytes(varint(BigInt(content.length)), content)
  }
  if (word.includes('letters and digits[length]')) {
    const content = utf8(dice.pick(['A', 'GBP', 'x1', 'ABCDEFGHIJKL']))
    return concatBytes(varint(BigInt(content.length)), content)
  }
  if (word.includes('UTF-8[length]')) {
    const content = utf8(dice.pick(TEXTS.filter((text) => utf8(text).length <= max)))
    return concatBytes(varint(BigInt(content.length)), content)
  }
  assert.match(word, /^varint /, `the layout ${word} is known`)
  const low = BigInt(min)
  const high = word.includes('2^63-1')
    ? 2n ** 63n - 1n
    : word.includes('2^40-1')
      ? 2n ** 40n - 1n
      : BigInt(max)
  const near = low + BigInt(dice.roll(4))
  const anywhere = low + ((high - low) * BigInt(dice.roll(1_000_000))) / 1_000_000n
  return varint(dice.pick([near, near, near, anywhere, high].filter((value) => value <= high)))
}

/** The bounds in `varint 0..64`; those written as powers are filled in by the caller. */
function boundsOf(word: string): readonly [min: number, max: number] {
  const found = /(\d+)\.\.(\d+)/.exec(word)
  assert.ok(found !== null, `the layout ${word} has bounds`)
  return [Number(found[1]), Number(found[2])]
}

export function varint(value: bigint): Uint8Array {
  const writer = new Writer()
  writer.bigVarint(value)
  return writer.finish()
}

/** `bytes` after one to three random injuries. */
export function mutated(bytes: Uint8Array, dice: Dice): Uint8Array {
  let result = bytes
  for (let count = 1 + dice.roll(3); count > 0; count--) {
    const at = dice.roll(result.length + 1)
    const [before, after] = [result.subarray(0, at), result.subarray(at)]
    switch (dice.roll(6)) {
      case 0:
        result = concatBytes(
          before,
          after.map((byte, i) => (i === 0 ? byte ^ (1 << dice.roll(8)) : byte)),
        )
        break
      case 1:
        result = concatBytes(before, after.subarray(1))
        break
      case 2:
        result = concatBytes(before, dice.bytes(1), after)
        break
      case 3:
        // A longer form of the number that may stand here.
        result = concatBytes(
          before,
          after.subarray(0, 1).map((byte) => byte | 0x80),
          Uint8Array.of(0),
          after.subarray(1),
        )
        break
      case 4:
        result = before
        break
      case 5:
        result = concatBytes(before, after.subarray(0, 9), after)
        break
    }
  }
  return result
}
