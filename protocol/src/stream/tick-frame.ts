import { base64urlnopad } from '@scure/base'
import {
  type Codec,
  type Decoded,
  decode,
  encode,
  flag,
  integer,
  list,
  struct,
} from '../codec/codec.js'
import { LINK_BYTES, Link } from '../crypto/link.js'
import { type Anchor, anchorCodec } from '../ledger/identifiers.js'
import { ITEM_TICKS_MAX } from '../ledger/limits.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import { readFrame } from './read-frame.js'

/** Ticks that one frame may carry: the last of one chain and the first of the next need two. */
export const FRAME_TICKS_MAX = 16
/** A frame as text is at most this long, characters: 16 ticks of 67 bytes, and two more. */
export const FRAME_CHARACTERS_MAX = 1_440

/** One link of a stream's chain, from the payer to the payee (STREAM-1): it pays every link before it. */
export type Tick = {
  /** Which stream: the anchor of its item. */
  readonly anchor: Anchor
  /** Number of the link; 0 is the anchor itself, and pays nothing. */
  readonly index: number
  readonly link: Link
}

const linkCodec: Codec<Link> = {
  layout: `bytes[${LINK_BYTES}]`,
  write: (writer, link) => writer.bytes(link.toBytes()),
  read: (reader) => new Link(reader.bytes(LINK_BYTES)),
}
export const tickCodec: Codec<Tick> = struct({
  anchor: anchorCodec,
  index: integer(ITEM_TICKS_MAX),
  link: linkCodec,
})

/** What a payer hands to the payee at one time (STREAM-1): one tick of each stream. */
export const tickFrameCodec = struct({
  ticks: list(tickCodec, FRAME_TICKS_MAX, 1),
  /** Whether the payer wants what is left of these streams back: no tick of them comes any more. */
  closes: flag,
})
export type TickFrame = Decoded<typeof tickFrameCodec>

/** The frame as one word of base64url without padding, for headers and query strings. */
export function encodeTickFrame(frame: TickFrame): string {
  return base64urlnopad.encode(encode(tickFrameCodec, frame))
}

/** A frame from outside, as bytes or as text, or why it is none. */
export function parseTickFrame(
  shown: string | Uint8Array,
): TickFrame | Rejection<'tick_malformed'> {
  const bytes = typeof shown === 'string' ? frameBytes(shown) : shown
  const frame =
    bytes && (readFrame(bytes, FRAME_TICKS_MAX) ?? decode(tickFrameCodec, bytes.slice()))
  if (frame === undefined) {
    return reject('tick_malformed', 'a frame of ticks is base64url without padding')
  }
  if (isRejection(frame)) return reject('tick_malformed', frame.detail)
  return hasOneOfEach(frame.ticks)
    ? frame
    : reject('tick_malformed', 'a frame has one tick of a stream, which pays all before it')
}

/** Each stream once: a second tick of one would only cost the payee hashes. */
function hasOneOfEach(ticks: TickFrame['ticks']): boolean {
  // Of sixteen at most: a set of them takes ten times as long.
  for (let i = 1; i < ticks.length; i++) {
    for (let before = 0; before < i; before++) {
      if (ticks[i]?.anchor === ticks[before]?.anchor) return false
    }
  }
  return true
}

/** The value of each character of base64url by its code; -1 for all others. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(
    String.fromCharCode(code),
  ),
)

/** What the last text was read into, and the part of it that it filled: frames are read at once, and copied from it. */
const READ = new Uint8Array((FRAME_CHARACTERS_MAX * 3) >>> 2)
let read = READ

/**
 * The bytes of a frame, until the next one is read. Written out, because a seller reads one with every request: a frame
 * of one tick takes 0.8 us in all, where digit after digit into an array of its own took 3.1, and the library ten times
 * as long.
 */
function frameBytes(text: string): Uint8Array | undefined {
  const { length } = text
  if (length > FRAME_CHARACTERS_MAX || length % 4 === 1) return undefined
  const whole = length - (length % 4)
  let at = 0
  for (let i = 0; i < whole; i += 4) {
    const four =
      (digitAt(text, i) << 18) |
      (digitAt(text, i + 1) << 12) |
      (digitAt(text, i + 2) << 6) |
      digitAt(text, i + 3)
    if (four < 0) return undefined
    READ[at++] = four >>> 16
    READ[at++] = four >>> 8
    READ[at++] = four
  }
  if (whole < length) {
    const isLong = length - whole === 3
    const rest =
      (digitAt(text, whole) << 12) |
      (digitAt(text, whole + 1) << 6) |
      (isLong ? digitAt(text, whole + 2) : 0)
    // One value has one text: bits that nothing is made of are zero.
    if (rest < 0 || (rest & (isLong ? 0x3 : 0x3ff)) !== 0) return undefined
    READ[at++] = rest >>> 10
    if (isLong) READ[at++] = rest >>> 2
  }
  if (read.length !== at) read = READ.subarray(0, at)
  return read
}

/** Of one character; negative: it is none. */
function digitAt(text: string, at: number): number {
  return DIGITS[text.charCodeAt(at)] ?? -1
}
