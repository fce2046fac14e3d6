import { base64urlnopad } from '@scure/base'
import {
  type Codec,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  flag,
  integer,
  list,
  struct,
} from '../codec/codec.js'
import { type Anchor, anchorCodec } from '../ledger/identifiers.js'
import { ITEM_TICKS_MAX } from '../ledger/limits.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'

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
  readonly link: Uint8Array
}
const indexCodec = integer(ITEM_TICKS_MAX)
const linkCodec = fixedBytes(32)
export const tickCodec: Codec<Tick> = {
  ...struct({ anchor: anchorCodec, index: indexCodec, link: linkCodec }),
  // Field by field, because a payee reads hundreds of thousands a second: a third of the time.
  read: (reader) => ({
    anchor: anchorCodec.read(reader),
    index: indexCodec.read(reader),
    link: linkCodec.read(reader),
  }),
}

/** What a payer hands to the payee at one time (STREAM-1). */
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
  const frame = bytes && decode(tickFrameCodec, bytes)
  if (frame === undefined) {
    return reject('tick_malformed', 'a frame of ticks is base64url without padding')
  }
  return isRejection(frame) ? reject('tick_malformed', frame.detail) : frame
}

function frameBytes(text: string): Uint8Array | undefined {
  if (text.length > FRAME_CHARACTERS_MAX) return undefined
  try {
    return base64urlnopad.decode(text)
  } catch {
    // The library has no other way to say that text is not base64url.
    return undefined
  }
}
