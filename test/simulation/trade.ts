import { Random } from './random.js'

/** What wallets do beside payments by one item, closes and disputes. */
export const TRADES = ['parts', 'streams', 'letters', 'withdrawals'] as const
export type Trade = (typeof TRADES)[number]

/** From this seed on there are trades. The runs of those before are what deliberate defects are found by. */
export const FIRST_TRADING_SEED = 1_000

/** The trades of a seed: of four in a row each is sure once, and of sixteen with every kind of cast. */
export function tradesOf(seed: number): readonly Trade[] {
  if (seed < FIRST_TRADING_SEED) return []
  const random = new Random(`trades ${seed}`)
  const sure = TRADES[(seed + Math.floor(seed / 4)) % TRADES.length]
  return TRADES.filter((trade) => trade === sure || random.chance(400))
}
