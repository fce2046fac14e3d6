import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ChannelId,
  concatBytes,
  encode,
  frameCodec,
  framesOf,
  isRejection,
  MESSAGE_BYTES_MAX,
  type Message,
  messageCodec,
  parseFrame,
  toHex,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import { codeOf, testChannel } from './test-channel.js'

const channel = testChannel().id
const stored = (version: number, of: ChannelId = channel): Message => {
  return { kind: 'stored', channel: of, version }
}
/** A message of some bytes: 6 of them beside the detail. */
const error = (length: number): Message => {
  return { kind: 'error', code: 'a', detail: 'x'.repeat(length), channel: undefined }
}
const anyMessage = fc.oneof(
  fc.nat(2 ** 40).map((version) => stored(version)),
  fc.constant<Message>({ kind: 'closeIntent', channel }),
  fc.nat(512).map(error),
)

describe('WIRE-7 frames', () => {
  test('a frame is its messages one behind the other', () => {
    const [frame, more] = framesOf([stored(1), stored(300)])
    assert.equal(more, undefined)
    assert.equal(toHex(frame ?? new Uint8Array()), `07${channel}01` + `07${channel}ac02`)
  })

  test('a frame has one message or more, up to 256', () => {
    const messages = Array.from({ length: 257 }, (_, version) => stored(version))
    const bytes = (count: number) =>
      concatBytes(...messages.slice(0, count).map((message) => encode(messageCodec, message)))
    assert.equal(codeOf(parseFrame(bytes(0))), 'malformed')
    assert.deepEqual(parseFrame(bytes(1)), [stored(0)])
    assert.deepEqual(parseFrame(bytes(256)), messages.slice(0, 256))
    assert.equal(codeOf(parseFrame(bytes(257))), 'malformed')
    assert.deepEqual(
      framesOf(messages).map((frame) => frame.length),
      [256 * 34 + 128, 35],
    )
  })

  test('a frame has up to 65,536 bytes', () => {
    assert.equal(encode(messageCodec, error(506)).length, 512)
    const messages = Array.from({ length: 129 }, () => error(506))
    const frames = framesOf(messages)
    assert.deepEqual(
      frames.map((frame) => frame.length),
      [MESSAGE_BYTES_MAX, 512],
    )
    assert.equal(codeOf(parseFrame(concatBytes(...frames))), 'message_too_large')
  })

  test('a frame that is cut anywhere, or of which a byte is wrong, is refused as a whole', () => {
    const frame = encode(frameCodec, [stored(1), error(3), stored(2)])
    const ends = [34, 34 + encode(messageCodec, error(3)).length]
    for (let end = 0; end < frame.length; end++) {
      const isFrame = ends.includes(end)
      assert.equal(isRejection(parseFrame(frame.subarray(0, end))), !isFrame, String(end))
    }
    const wrong = frame.slice()
    wrong[ends[1] ?? 0] = 99
    assert.equal(codeOf(parseFrame(wrong)), 'malformed')
  })

  test('a frame stays as it is when others are made, and has nothing of a message that cannot be said', () => {
    const said = Array.from({ length: 300 }, (_, version) => stored(version))
    const frames = framesOf(said)
    const long = framesOf(Array.from({ length: 20 }, () => error(400)))
    const broken = { ...stored(1), version: -1 } as Message
    assert.throws(() => framesOf([stored(7), broken]), BrokenInvariant)
    assert.deepEqual(framesOf([stored(8)]).map(parseFrame), [[stored(8)]])
    assert.deepEqual(frames.map(parseFrame), [said.slice(0, 256), said.slice(256)])
    assert.deepEqual(long.map(parseFrame), [Array.from({ length: 20 }, () => error(400))])
  })

  test('messages mean the same however they are dealt out to frames', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 700 }), (messages) => {
        const frames = framesOf(messages)
        const parsed = frames.map(parseFrame)
        assert.deepEqual(
          parsed.flatMap((of) => (isRejection(of) ? assert.fail(of.detail) : of)),
          messages,
        )
        // As few as hold them: nothing of the next one would have fitted.
        for (const [i, frame] of frames.slice(0, -1).entries()) {
          const next = parsed[i + 1]
          const held = parsed[i]
          assert.ok(next !== undefined && !isRejection(next))
          assert.ok(held !== undefined && !isRejection(held))
          const [first] = next
          assert.ok(first !== undefined)
          const bytes = frame.length + encode(messageCodec, first).length
          assert.ok(held.length === 256 || bytes > MESSAGE_BYTES_MAX)
        }
      }),
      { numRuns: 50 },
    )
  })
})
