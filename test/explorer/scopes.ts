import { type ChannelScope, FULL_PENALTY, type ItemShape, NO_PENALTY } from './channel-state.js'

const AT_ONCE = { answers: 'atOnce', guards: false } as const

/** An item of one tick, far from its expiry. */
const coin = (name: number, unit = 1n): ItemShape => ({ name, unit, ticks: 1, expiry: 5_000 })
const stream = (name: number): ItemShape => ({ name, unit: 1n, ticks: 2, expiry: 5_000 })

const PLAIN = {
  deposits: { client: 2n, hub: 2n },
  terms: NO_PENALTY,
  times: [],
  game: AT_ONCE,
  crashes: false,
  withdrawals: false,
  closes: false,
  losses: 0,
} satisfies Partial<ChannelScope>

export const UNUSED=[FULL_PENALTY, stream]
export const SMALL: readonly ChannelScope[] = [
  {
    ...PLAIN,
    name: 'payments',
    about: 'hash-locked items both ways, no penalty',
    honest: 'client',
    versions: { own: 3, peer: 3 },
    items: { own: [coin(1)], peer: [coin(2)] },
  },
]
