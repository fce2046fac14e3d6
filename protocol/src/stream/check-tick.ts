import { Link } from '../crypto/link.js'
import { isHashOfLink } from '../crypto/link-hash.js'
import type { Anchor } from '../ledger/identifiers.js'
import { fromHex } from '../primitives/bytes.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Tick } from './tick-frame.js'

/** By how many links a tick may differ from the newest one: so many hashes a forged one costs at most. */
export const TICK_GAP_MAX = 1_024

/** How far a payee has seen a chain: its newest link is known to lead to the anchor. */
export type SeenChain = {
  /** Links that the chain has. */
  readonly ticks: number
  /** The newest link that was seen; its number is 0 where there is none but the anchor. */
  readonly tip: Tick
}

export type TickRejection = Rejection<'tick_out_of_range' | 'tick_gap' | 'tick_forged'>

/** The tip of a chain of which no tick was seen. */
export function chainStart(anchor: Anchor): Tick {
  return { anchor, index: 0, link: new Link(fromHex(anchor)) }
}

/**
 * Whether a tick goes beyond the tip, or is one that the tip covers, or why it is none of this chain
 * (STREAM-2): one hash where it is the next, at most `TICK_GAP_MAX` in any case.
 */
export function checkTick(
  { ticks, tip }: SeenChain,
  { index, link }: Pick<Tick, 'index' | 'link'>,
): 'newer' | 'known' | TickRejection {
  if (index > ticks) {
    return reject('tick_out_of_range', `the stream ends with tick ${ticks}, not ${index}`)
  }
  const gap = index - tip.index
  if (gap > TICK_GAP_MAX || gap < -TICK_GAP_MAX) {
    const detail = `tick ${tip.index} is the newest, ${index} is further than ${TICK_GAP_MAX} from it`
    return reject('tick_gap', detail)
  }
  if (!(gap > 0 ? leadsTo(link, gap, tip.link) : leadsTo(tip.link, -gap, link))) {
    return reject('tick_forged', `the link does not lead to tick ${tip.index} of the stream`)
  }
  return gap > 0 ? 'newer' : 'known'
}

function leadsTo(link: Link, steps: number, earlier: Link): boolean {
  return steps > 0 ? isHashOfLink(link, steps, earlier) : link.equals(earlier)
}
