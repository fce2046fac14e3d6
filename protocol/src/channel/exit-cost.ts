import { FINALIZE_COST, FINALIZE_ITEM_COST, feeFor, SIGNATURE_COST } from '../ledger/cost.js'
import type { ChannelTerms } from './terms.js'

/** An item with the widest numbers: 16 + 32 + 9 + 3 + 3 + 6 bytes. */
const ITEM_BYTES_MAX = 69
/** Envelope, signer, lane heads, batch path of 16 hashes, a resume, a fee operation; rounded up. */
const EXIT_BYTES_FIXED = 1_400
/** A revealed preimage, its number, and one unit for its hash; streams ask for a reserve of their own. */
const REVEAL_COST = 36

/**
 * The most that one side's own way out can cost (CH-9): a force close or a challenge with both
 * lanes full, with a reveal for every item. Units of cost.
 */
export function exitCost({ itemsMax }: Pick<ChannelTerms, 'itemsMax'>): number {
  const items = 2 * itemsMax
  return (
    EXIT_BYTES_FIXED +
    items * (ITEM_BYTES_MAX + FINALIZE_ITEM_COST) +
    itemsMax * REVEAL_COST +
    3 * SIGNATURE_COST +
    FINALIZE_COST
  )
}

/** The least `exitReserve` that makes every exit affordable, base units. */
export function exitReserveMin(
  terms: Pick<ChannelTerms, 'itemsMax'>,
  feePerKiloCost: number,
): bigint {
  return feeFor(exitCost(terms), feePerKiloCost)
}
