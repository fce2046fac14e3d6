import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorOf, earlierLink } from '@tallystick/protocol'
import fc from 'fast-check'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { preimage } from '../protocol/test-channel.js'

test('STREAM-1 a chain shows each of its links, in whatever order they are asked for', () => {
  const arbitrary = fc
    .integer({ min: 1, max: 700 })
    .chain((ticks) => fc.tuple(fc.constant(ticks), fc.array(fc.nat({ max: ticks }))))
  fc.assert(
    fc.property(arbitrary, ([ticks, indexes]) => {
      const chain = new TickChain(preimage(3), ticks)
      assert.equal(chain.anchor, anchorOf(preimage(3), ticks))
      for (const index of [...indexes, 0, ticks]) {
        assert.deepEqual(chain.link(index), earlierLink(preimage(3), ticks - index))
      }
    }),
    { numRuns: 40 },
  )
})

test('STREAM-1 the longest chain leads from its seed to its anchor', () => {
  const chain = new TickChain(preimage(4), 65_536)
  assert.equal(anchorOf(chain.link(65_536), 65_536), chain.anchor)
  assert.equal(anchorOf(chain.link(40_000), 40_000), chain.anchor)
})
