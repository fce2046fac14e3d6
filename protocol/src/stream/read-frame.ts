import { LINK_BYTES, Link } from '../crypto/link.js'
import type { Anchor } from '../ledger/identifiers.js'
import { ITEM_TICKS_MAX } from '../ledger/limits.js'
import { SeenIdentifiers } from './seen-identifiers.js'
import type { Tick, TickFrame } from './tick-frame.js'

const ANCHOR_BYTES = 32
/** Of a tick, at least. */
const TICK_BYTES_MIN = ANCHOR_BYTES + 1 + LINK_BYTES
/** A stream's anchor comes with each of its ticks. */
const SEEN_ANCHORS = new SeenIdentifiers()

/**
 * What `tickFrameCodec` reads of these bytes; absent: nothing, and it says why. In one piece, because a payee reads
 * hundreds of thousands of ticks a second: 0.34 us each, 16 to a frame, where the codec takes 1.0 (medians of 15
 * turns), and their hashes 0.9.
 */
export function readFrame(bytes: Uint8Array, ticksMax: number): TickFrame | undefined {
  const count = bytes[0] ?? 0
  if (count < 1 || count > ticksMax) return undefined
  const ticks = new Array<Tick>(count)
  let at = 1
  for (let i = 0; i < count; i++) {
    if (at + TICK_BYTES_MIN > bytes.length) return undefined
    const anchor = SEEN_ANCHORS.textAt(bytes, at) as Anchor
    at += ANCHOR_BYTES
    // A varint of three bytes at most, in its shortest form.
    const low = bytes[at++] ?? 0
    let index = low & 0x7f
    if (low >= 0x80) {
      const middle = bytes[at++] ?? 0
      index |= (middle & 0x7f) << 7
      if (middle >= 0x80) {
        const high = bytes[at++] ?? 0
        index |= high << 14
        if (high === 0 || high >= 0x80) return undefined
      } else if (middle === 0) return undefined
    }
    if (index > ITEM_TICKS_MAX || at + LINK_BYTES > bytes.length) return undefined
    ticks[i] = { anchor, index, link: new Link(bytes, at) }
    at += LINK_BYTES
  }
  const closes = bytes[at] ?? 2
  if (closes > 1 || at + 1 !== bytes.length) return undefined
  return { ticks, closes: closes === 1 }
}
