import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base64urlnopad } from '@scure/base'
import {
  anchorOf,
  chainStart,
  checkTick,
  decode,
  earlierLink,
  encode,
  encodeTickFrame,
  FRAME_CHARACTERS_MAX,
  FRAME_TICKS_MAX,
  ITEM_TICKS_MAX,
  isRejection,
  Link,
  parseTickFrame,
  type SeenChain,
  TICK_GAP_MAX,
  type Tick,
  type TickFrame,
  tickFrameCodec,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { readFrame } from '#protocol/stream/read-frame.js'
import { anchorFor, codeOf, preimage } from './test-channel.js'

const TICKS = 3_000
const SEED = preimage(9)
const ANCHOR = anchorOf(SEED, TICKS)
const linkAt = (index: number) => new Link(earlierLink(SEED, TICKS - index))
const tick = (index: number): Tick => ({ anchor: ANCHOR, index, link: linkAt(index) })
const seen = (index: number): SeenChain => ({ ticks: TICKS, tip: tick(index) })

describe('STREAM-2 checkTick', () => {
  for (const [tip, index, found] of [
    [0, 1, 'newer'],
    [0, 0, 'known'],
    [7, 8, 'newer'],
    [7, 7, 'known'],
    [7, 1, 'known'],
    [7, 7 + TICK_GAP_MAX, 'newer'],
    [7, 8 + TICK_GAP_MAX, 'tick_gap'],
    [1_100, 1_100 - TICK_GAP_MAX, 'known'],
    [1_100, 1_099 - TICK_GAP_MAX, 'tick_gap'],
    [TICKS - 1, TICKS, 'newer'],
  ] as const) {
    test(`with tick ${tip} seen, tick ${index} is ${found}`, () => {
      const checked = checkTick(seen(tip), tick(index))
      assert.equal(codeOf(checked) ?? checked, found)
    })
  }

  test('INV-32 a link of another chain, another number or nobody is no tick', () => {
    const forged = { index: 8, link: new Link(preimage(1)) }
    assert.equal(codeOf(checkTick(seen(7), forged)), 'tick_forged')
    assert.equal(codeOf(checkTick(seen(7), { index: 9, link: linkAt(8) })), 'tick_forged')
    assert.equal(codeOf(checkTick(seen(7), { index: 6, link: linkAt(7) })), 'tick_forged')
    assert.equal(
      codeOf(checkTick(seen(7), { index: TICKS + 1, link: new Link(SEED) })),
      'tick_out_of_range',
    )
  })

  test('a chain begins with its anchor', () => {
    assert.deepEqual(chainStart(ANCHOR), tick(0))
  })
})

describe('STREAM-1 frames', () => {
  test('come back from their text as they were, and text that is none is refused', () => {
    const indexes = fc.array(fc.nat({ max: TICKS }), { minLength: 1, maxLength: FRAME_TICKS_MAX })
    const arbitrary = fc.tuple(indexes, fc.boolean()).map(([ticks, closes]) => ({
      ticks: ticks.map((index, i) => ({ ...tick(index), anchor: anchorFor(i + 1) })),
      closes,
    }))
    fc.assert(
      fc.property(arbitrary, (frame) => {
        const shown = encodeTickFrame(frame)
        assert.ok(shown.length <= FRAME_CHARACTERS_MAX)
        assert.deepEqual(parseTickFrame(shown), frame)
      }),
      { numRuns: 20 },
    )
    const one = encodeTickFrame({ ticks: [tick(1)], closes: false })
    for (const text of [
      '',
      '!',
      `${one}A`,
      `${one}=`,
      one.slice(1),
      ` ${one}`,
      'A'.repeat(9_999),
    ]) {
      const parsed = parseTickFrame(text)
      assert.ok(isRejection(parsed), text.slice(0, 20))
      assert.equal(parsed.code, 'tick_malformed')
    }
  })

  test('INV-23 text is read as the library reads it, whatever is altered, cut off or put behind', () => {
    const indexes = fc.array(fc.nat({ max: TICKS }), { minLength: 1, maxLength: 3 })
    const change = fc.record({
      at: fc.nat(),
      by: fc.constantFrom('', 'A', 'B', 'Q', 'g', '_', '-', '+', '/', '=', ' ', '\u00c1', '\u4141'),
      isLast: fc.boolean(),
      cut: fc.nat(4),
    })
    let before: { read: TickFrame; text: string } | undefined
    fc.assert(
      fc.property(indexes, fc.option(change), (numbers, changed) => {
        const ticks = numbers.map((index, i) => ({ ...tick(index), anchor: anchorFor(i + 1) }))
        const shown = encodeTickFrame({ ticks, closes: false })
        const { at, by, isLast, cut } = changed ?? { at: 0, by: undefined, isLast: false, cut: 0 }
        const place = isLast ? shown.length - 1 : at % shown.length
        const text =
          by === undefined ? shown : shown.slice(0, place) + by + shown.slice(place + 1 + cut)
        const read = parseTickFrame(text)
        let bytes: Uint8Array | undefined
        try {
          bytes = base64urlnopad.decode(text)
        } catch {}
        const decoded = bytes && decode(tickFrameCodec, bytes)
        assert.deepEqual(
          isRejection(read) ? undefined : read,
          isRejection(decoded) ? undefined : decoded,
        )
        // What was read stays what it was.
        assert.equal(before && encodeTickFrame(before.read), before?.text)
        before = isRejection(read) ? undefined : { read, text }
      }),
      { numRuns: 1_000 },
    )
  })

  test('INV-23 are read in one piece as their codec reads them, whatever is altered, cut off or put behind', () => {
    const ticks = fc.array(fc.nat({ max: ITEM_TICKS_MAX }), {
      minLength: 1,
      maxLength: FRAME_TICKS_MAX,
    })
    const whole = fc.tuple(ticks, fc.boolean()).map(([indexes, closes]) =>
      encode(tickFrameCodec, {
        ticks: indexes.map((index, i) => ({
          anchor: anchorFor(i + 1),
          index,
          link: new Link(preimage(i)),
        })),
        closes,
      }),
    )
    const change = fc.tuple(fc.nat(), fc.nat(255), fc.integer({ min: -3, max: 3 }))
    fc.assert(
      fc.property(whole, fc.option(change), (bytes, changed) => {
        const [place, byte, longer] = changed ?? [0, bytes[0] ?? 0, 0]
        const other = new Uint8Array(bytes.length + longer)
        other.set(bytes.subarray(0, other.length))
        // Counts, numbers and flags are where it matters, and they are few.
        const at = [0, 33, 34, 35, bytes.length - 1, place % bytes.length][place % 6] ?? 0
        if (changed !== null && at < other.length) other[at] = byte
        const decoded = decode(tickFrameCodec, other)
        assert.deepEqual(
          readFrame(other, FRAME_TICKS_MAX),
          isRejection(decoded) ? undefined : decoded,
        )
      }),
      { numRuns: 3_000 },
    )
  })

  test('two ticks of one stream are no frame: the newer pays for both', () => {
    const other = { ...tick(1), anchor: anchorFor(1) }
    for (const ticks of [
      [tick(1), tick(1)],
      [tick(1), other, tick(2)],
    ]) {
      assert.equal(
        codeOf(parseTickFrame(encodeTickFrame({ ticks, closes: false }))),
        'tick_malformed',
      )
    }
  })
})
