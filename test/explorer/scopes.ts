import { amount } from '@tallystick/protocol'
import { type ChannelScope, FULL_PENALTY, type ItemShape, NO_PENALTY } from './channel-state.js'
import type { RoutingScope } from './routing-world.js'

/*
 * What is explored. Bounds are small on purpose: the rules compare versions, amounts and times, and
 * what can go wrong between them goes wrong among few.
 */

export type Scope = 'small' | 'large'
/** A world as the small scope has it, and what is different in the large one. */
export type Sized<T> = T & {
  readonly large?: Partial<T>
}

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
  grants: 0,
  silent: false,
  leaves: false,
} as const satisfies Partial<ChannelScope>

/** Around the expiry at 200: reveal (60 s) and claim margins (30 s), the edge, the grace (15 s). */
const EDGES = [139, 140, 169, 170, 171, 199, 200, 201, 215, 216]

/** Every world once, each bound as small as it can be for its rules to matter. */
export const CHANNEL_SCOPES: readonly Sized<ChannelScope>[] = [
  {
    ...PLAIN,
    name: 'payments',
    about: 'hash-locked items both ways, cancels, a client against its hub',
    large: { versions: { own: 3, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'payments of a hub',
    about: 'the same of a hub: its client may also close unsure',
    honest: 'hub',
    versions: { own: 3, peer: 1 },
    large: { versions: { own: 3, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'poor',
    about:
      'items that cost all that there is, or more, or too little, and more items than terms allow',
    deposits: { client: 2n, hub: 2n },
    terms: { ...NO_PENALTY, itemsMax: 1, itemAmountMin: amount(2n), expirySecondsMax: 6_000 },
    items: {
      own: [
        { ...coin(1), unit: 2n },
        { ...coin(3), unit: 3n },
      ],
      peer: [
        { ...coin(2), unit: 2n },
        coin(4),
        { ...coin(7), unit: 3n },
        { ...coin(5), unit: 2n },
        { ...coin(6, 7_000), unit: 2n },
      ],
    },
    large: { versions: { own: 3, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'closing',
    about: 'either side closes, and messages go on',
    leaves: true,
    large: { versions: { own: 3, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'streams',
    about: 'items of two ticks, redeemed in parts',
    items: { own: [stream(1)], peer: [stream(2)] },
    versions: { own: 2, peer: 1 },
    large: { versions: { own: 2, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'penalties',
    about: 'all is taken from who lied, answers come in the last second of the window',
    terms: FULL_PENALTY,
    game: { answers: 'inTheLastSecond', guards: false },
    large: { versions: { own: 3, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'guards',
    about: 'towers answer for sleepers, bribed guards speak first',
    honest: 'hub',
    versions: { own: 1, peer: 2 },
    terms: FULL_PENALTY,
    game: { answers: 'atOnce', guards: true },
    large: { versions: { own: 2, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'crashes',
    about: 'processes die between any two effects, peers come back with any position',
    versions: { own: 2, peer: 1 },
    crashes: true,
    large: { versions: { own: 2, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'expiries',
    about: 'ledger time just before, at and after every edge of an item',
    items: { own: [coin(1, 200)], peer: [coin(2, 200)] },
    versions: { own: 2, peer: 0 },
    times: EDGES,
    large: { versions: { own: 2, peer: 1 } },
  },
  {
    ...PLAIN,
    name: 'expiries of the peer',
    about: 'the same of items that the peer has promised',
    items: { own: [], peer: [coin(2, 200)] },
    versions: { own: 1, peer: 2 },
    times: EDGES,
    large: { versions: { own: 1, peer: 3 } },
  },
  {
    ...PLAIN,
    name: 'withdrawals',
    about: 'a lying hub brings what its client agreed on, or does not',
    versions: { own: 1, peer: 1 },
    times: [50, 51],
    withdrawals: true,
    large: { versions: { own: 2, peer: 1 } },
  },
  {
    ...PLAIN,
    name: 'withdrawals of a hub',
    about: 'a hub and its lying client agree on withdrawals of either',
    honest: 'hub',
    versions: { own: 1, peer: 1 },
    times: [50, 51],
    withdrawals: true,
    large: { versions: { own: 2, peer: 1 } },
  },
  {
    ...PLAIN,
    name: 'close agreements',
    about: 'agreements on any payout, used, or held back until they lapse',
    versions: { own: 2, peer: 1 },
    times: [50, 51],
    closes: true,
    large: { versions: { own: 2, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'close agreements of a hub',
    about: 'the same, offered by a lying client',
    honest: 'hub',
    versions: { own: 2, peer: 1 },
    times: [50, 51],
    closes: true,
    large: { versions: { own: 2, peer: 2 } },
  },
  {
    ...PLAIN,
    name: 'resumes',
    about: 'a client that lost its data, a hub that answers with anything, or lost its own',
    items: { own: [coin(1)], peer: [] },
    versions: { own: 2, peer: 0 },
    ...{ losses: 1, grants: 1, times: [1] },
    large: { versions: { own: 2, peer: 1 } },
  },
  {
    ...PLAIN,
    name: 'resumes of a hub',
    about: 'a hub that lost its data, and cannot leave before it has gone on',
    honest: 'hub',
    items: { own: [coin(1)], peer: [] },
    versions: { own: 2, peer: 0 },
    ...{ losses: 1, grants: 1, times: [1] },
    large: { versions: { own: 2, peer: 1 } },
  },
  {
    ...PLAIN,
    name: 'resumes and acks',
    about: 'a client that lost what its hub has acked',
    items: { own: [coin(1)], peer: [] },
    versions: { own: 1, peer: 1 },
    ...{ losses: 1, grants: 0, times: [1] },
    large: { grants: 1 },
  },
  {
    ...PLAIN,
    name: 'resumes of a payee',
    about: 'a hub that was granted a resume, says so or denies it, and goes on',
    items: { own: [], peer: [coin(2)] },
    versions: { own: 1, peer: 1 },
    ...{ losses: 1, grants: 2, times: [1] },
  },
  {
    ...PLAIN,
    name: 'resumes for nothing',
    about: 'a hub that says again and again that it has lost data',
    items: { own: [coin(1)], peer: [] },
    versions: { own: 2, peer: 0 },
    ...{ grants: 2, times: [1, 2] },
    large: { versions: { own: 3, peer: 1 } },
  },
  {
    ...PLAIN,
    name: 'denied resumes',
    about: 'a client that loses its data twice, a hub that denies what either has granted',
    items: { own: [], peer: [] },
    versions: { own: 1, peer: 1 },
    ...{ losses: 2, grants: 2, times: [1] },
    large: { items: { own: [], peer: [coin(2)] } },
  },
  {
    ...PLAIN,
    name: 'denied resumes of a hub',
    about: 'the same of a hub, whose client may close unsure',
    honest: 'hub',
    items: { own: [], peer: [] },
    versions: { own: 1, peer: 1 },
    ...{ losses: 2, grants: 2, times: [1] },
    large: { items: { own: [], peer: [coin(2)] } },
  },
  {
    ...PLAIN,
    name: 'unsure',
    about: 'a client that lost its data, and a hub that never answers',
    versions: { own: 2, peer: 1 },
    ...{ losses: 1, silent: true },
    large: { versions: { own: 3, peer: 1 } },
  },
]

export const ROUTING_SCOPES: readonly Sized<RoutingScope>[] = [
  {
    name: 'routing',
    about: "the hub's own core between two clients that work together",
    items: [coin(1)],
    versions: { hub: 3, clients: [2, 2] },
    times: [],
    large: { versions: { hub: 4, clients: [3, 2] } },
  },
  {
    name: 'routing and expiries',
    about: 'the same around the expiry of what is carried; reveals wait for blocks',
    items: [coin(1, 300)],
    versions: { hub: 2, clients: [1, 1] },
    times: [239, 240, 269, 270, 271, 299, 300, 301, 315, 316],
    large: { versions: { hub: 3, clients: [2, 1] } },
  },
]
