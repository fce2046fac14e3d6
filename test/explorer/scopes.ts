import { type ChannelScope, FULL_PENALTY, type ItemShape, NO_PENALTY } from './channel-state.js'

/*
 * What is explored. Bounds are small on purpose: the rules compare versions, amounts and times, and
 * what can go wrong between them goes wrong among few.
 */

/** An item of one tick, far from its expiry. */
const coin = (name: number, expiry = 5_000): ItemShape => ({ name, unit: 1n, ticks: 1, expiry })
const stream = (name: number, expiry = 5_000): ItemShape => ({ ...coin(name, expiry), ticks: 2 })

const PLAIN = {
  honest: 'client',
  deposits: { client: 2n, hub: 2n },
  terms: NO_PENALTY,
  versions: { own: 2, peer: 2 },
  items: { own: [coin(1)], peer: [coin(2)] },
  times: [],
  game: { answers: 'atOnce', guards: false },
  crashes: false,
  withdrawals: false,
  closes: false,
  losses: 0,
} as const satisfies Partial<ChannelScope>

/** Around the expiry at 200: reveal (60 s) and claim margins (30 s), the edge, the grace (15 s). */
const EDGES = [139, 140, 169, 170, 171, 199, 200, 201, 215, 216]

/** Every world once, each bound as small as it can be for its rules to matter. */
export const SMALL: readonly ChannelScope[] = [
  {
    ...PLAIN,
    name: 'payments',
    about: 'hash-locked items both ways, cancels, a client against its hub',
    versions: { own: 3, peer: 2 },
  },
  {
    ...PLAIN,
    name: 'payments of a hub',
    about: 'the same of a hub: its client may also close unsure',
    honest: 'hub',
  },
  {
    ...PLAIN,
    name: 'streams',
    about: 'items of two ticks, redeemed in parts',
    items: { own: [stream(1)], peer: [stream(2)] },
  },
  {
    ...PLAIN,
    name: 'penalties',
    about: 'all is taken from who lied, answers come in the last second of the window',
    terms: FULL_PENALTY,
    game: { answers: 'inTheLastSecond', guards: false },
  },
  {
    ...PLAIN,
    name: 'guards',
    about: 'towers answer for sleepers, bribed guards speak first',
    honest: 'hub',
    versions: { own: 1, peer: 2 },
    terms: FULL_PENALTY,
    game: { answers: 'atOnce', guards: true },
  },
  {
    ...PLAIN,
    name: 'crashes',
    about: 'processes die between any two effects, peers come back with any position',
    crashes: true,
  },
  {
    ...PLAIN,
    name: 'expiries',
    about: 'ledger time just before, at and after every edge of an item',
    items: { own: [coin(1, 200)], peer: [coin(2, 200)] },
    times: EDGES,
  },
  {
    ...PLAIN,
    name: 'withdrawals',
    about: 'a lying hub brings what its client agreed on, or does not',
    versions: { own: 2, peer: 1 },
    times: [50, 51],
    withdrawals: true,
  },
  {
    ...PLAIN,
    name: 'withdrawals of a hub',
    about: 'a hub and its lying client agree on withdrawals of either',
    honest: 'hub',
    versions: { own: 1, peer: 1 },
    times: [50, 51],
    withdrawals: true,
  },
  {
    ...PLAIN,
    name: 'close agreements',
    about: 'agreements on any payout, used, or held back until they lapse',
    times: [50, 51],
    closes: true,
  },
  {
    ...PLAIN,
    name: 'close agreements of a hub',
    about: 'the same, offered by a lying client',
    honest: 'hub',
    times: [50, 51],
    closes: true,
  },
  {
    ...PLAIN,
    name: 'resumes',
    about: 'a client that lost its data, a hub that answers with anything, or lost its own',
    losses: 1,
  },
  {
    ...PLAIN,
    name: 'resumes of a hub',
    about: 'the same of a hub',
    honest: 'hub',
    losses: 1,
  },
]
