import assert from 'node:assert/strict'
import { concatBytes, type Layout, utf8 } from '@tallystick/protocol'
import { Writer } from '#protocol/codec/writer.js'
import type { Dice } from './test-channel.js'

/*
 * Random canonical bytes, made from a codec's layout: from the words that the specification shows,
 * not from the code that reads them. Relations between fields are not in a layout; whatever breaks
 * one is refused by the codec, and the caller tries again.
 */

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
  const isCounted = layout.bounds.startsWith('varint count ')
  return concatBytes(isCounted ? varint(BigInt(count)) : new Uint8Array(), ...items)
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
