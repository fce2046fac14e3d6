import { amount, type LaneState, type PendingItem } from '@tallystick/protocol'
import fc from 'fast-check'
import { item, lane } from './test-channel.js'
import { START } from './test-ledger.js'

/** Names of the chains that items are made from, and so of the reveals that decide them. */
export const ITEM_NAMES = [1, 2, 3] as const

/** Expiries around the end of the window, so that some items are decided before others. */
const itemArbitrary = (name: number): fc.Arbitrary<PendingItem | undefined> =>
  fc.option(
    fc
      .record({
        unit: fc.bigInt(1n, 200n),
        expiry: fc.integer({ min: START + 90, max: START + 210 }),
        ticks: fc.integer({ min: 1, max: 4 }),
      })
      .map(({ unit, expiry, ticks }) => item(name, unit, expiry, { ticks })),
    { nil: undefined },
  )

/** Anything that a side could sign, solvent or not, with versions that often meet. */
export const laneArbitrary: fc.Arbitrary<LaneState> = fc
  .record({
    epoch: fc.constantFrom(0, 0, 0, 1),
    version: fc.integer({ min: 1, max: 4 }),
    acked: fc.integer({ min: 0, max: 4 }),
    transferred: fc.oneof(fc.bigInt(0n, 800n), fc.constantFrom(0n, 1n, 1_500n, 2n ** 62n)),
    items: fc.tuple(...ITEM_NAMES.map(itemArbitrary)),
  })
  .map(({ epoch, version, acked, transferred, items }) =>
    lane(version, amount(transferred), {
      ...{ epoch, acked, resumeNonce: epoch === 0 ? undefined : new Uint8Array(16) },
      items: items.filter((found) => found !== undefined),
    }),
  )
