import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, TICK_GAP_MAX } from '@tallystick/protocol'
import { StreamDesk } from '#client-sdk/stream/stream-desk.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { at, codeOf, itemId, NOW, preimage, testChannel } from '../protocol/test-channel.js'

const TICKS = 2_000
const CHAINS = [1, 2].map((name) => new TickChain(preimage(name), TICKS))

/** `arrived`: its streams have; else they are to. */
function deskWithStreams(arrived = true): StreamDesk {
  const desk = new StreamDesk({
    clock: { nowMs: () => 0, after: () => () => undefined },
    now: () => NOW,
    redeem: async () => undefined,
    policy: { ticks: TICKS, amount: 10_000n, afterMs: 1_000, idleMs: 1_000 },
  })
  if (arrived) arrive(desk)
  return desk
}

function arrive(desk: StreamDesk): void {
  for (const [name, { anchor }] of CHAINS.entries()) {
    desk.learn({
      ...{ kind: 'received', id: itemId(name + 1), channel: testChannel().id, anchor },
      ...{ unit: amount(1n), ticks: TICKS, expiry: at(1_000), known: undefined },
      ...{ paid: 0, status: 'open', time: NOW },
    })
  }
}
/** A frame with one tick of each chain, in their order. */
const frame = (indexes: readonly number[], closes = false) => ({
  ticks: CHAINS.flatMap((chain, i) => {
    const index = indexes[i]
    return index === undefined ? [] : [chain.tick(index)]
  }),
  closes,
})
const tips = (desk: StreamDesk) => CHAINS.map(({ anchor }) => desk.of(anchor)?.tip.index)

test('STREAM-2 a frame costs a payee no more hashes than one tick may', () => {
  const desk = deskWithStreams()
  const half = TICK_GAP_MAX / 2
  assert.equal(codeOf(desk.take(frame([half, half + 1]))), 'tick_gap')
  assert.deepEqual(tips(desk), [0, 0])
  assert.equal(desk.take(frame([half, half])), undefined)
  assert.equal(desk.take(frame([TICK_GAP_MAX])), undefined)
  // Older ticks cost as much as newer ones, and pay nothing.
  assert.equal(codeOf(desk.take(frame([half - 1, half + half]))), 'tick_gap')
  assert.deepEqual(tips(desk), [TICK_GAP_MAX, half])
})

test('STREAM-7 an anchor pays nothing, and closes a stream that was never used', () => {
  const desk = deskWithStreams()
  assert.equal(codeOf(desk.take(frame([0]))), 'tick_out_of_range')
  assert.equal(desk.take(frame([0], true)), undefined)
  assert.equal(codeOf(desk.take(frame([1]))), 'stream_ended')
})

test('STREAM-7 a stream that is closed on its way is given back when it arrives', () => {
  const desk = deskWithStreams(false)
  assert.equal(desk.take(frame([3, 0], true)), undefined)
  arrive(desk)
  assert.deepEqual(
    CHAINS.map(({ anchor }) => desk.of(anchor)?.isClosing),
    [true, true],
  )
  assert.equal(codeOf(desk.take(frame([1]))), 'stream_ended')
})
