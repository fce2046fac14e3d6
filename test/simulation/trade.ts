import { Random } from './random.js'

/** What wallets do beside payments by one item, closes and disputes. */
export const TRADES = [
  ...['parts', 'streams', 'letters', 'withdrawals'],
  ...['holds', 'refunds', 'departures'],
] as const
export type Trade = (typeof TRADES)[number]

/** From this seed on there are trades. The runs of those before are what deliberate defects are found by. */
export const FIRST_TRADING_SEED = 1_000
/** From this one on there are holds, refunds and departures as well; those before have the first trades alone, for the same reason. */
export const FIRST_SELLING_SEED = 2_000
const FIRST_TRADES = TRADES.slice(0, 4)

/** The trades of a seed: of as many in a row as there are each is sure once, and in the end with every kind of cast. */
export function tradesOf(seed: number): readonly Trade[] {
  if (seed < FIRST_TRADING_SEED) return []
  const trades = seed < FIRST_SELLING_SEED ? FIRST_TRADES : TRADES
  const random = new Random(`trades ${seed}`)
  const sure = trades[(seed + Math.floor(seed / 4)) % trades.length]
  return trades.filter((trade) => trade === sure || random.chance(400))
}
