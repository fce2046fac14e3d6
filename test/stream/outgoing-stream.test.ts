import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, encodeTickFrame, isRejection, parseTickFrame } from '@tallystick/protocol'
import { OutgoingStream } from '#client-sdk/stream/outgoing-stream.js'
import { StreamDesk } from '#client-sdk/stream/stream-desk.js'
import type { PaidStreamRecord } from '#client-sdk/stream/stream-records.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { at, itemId, NOW, preimage, testChannel, testSigner } from '../protocol/test-channel.js'

const TICKS = 100
const UNIT = amount(1n)
const CHAINS = [1, 2].map((name) => new TickChain(preimage(name), TICKS))
const EXPIRY = at(10_000)

/** A payee that was shown `held` ticks of each chain, and has served them all. */
function payeeOf(held: readonly number[]): StreamDesk {
  const desk = new StreamDesk({
    clock: { nowMs: () => 0, after: () => () => undefined },
    now: () => NOW,
    redeem: async () => undefined,
    policy: { ticks: 1_000, amount: 10_000n, afterMs: 1_000, idleMs: 1_000 },
  })
  for (const [i, { anchor, ...chain }] of CHAINS.entries()) {
    desk.learn({
      ...{ kind: 'received', id: itemId(i + 1), channel: testChannel().id, anchor, unit: UNIT },
      ...{ ticks: chain.ticks, expiry: EXPIRY, known: undefined },
      ...{ paid: 0, status: 'open', time: NOW },
    })
    const index = held[i] ?? 0
    if (index === 0) continue
    const frame = {
      ticks: [CHAINS[i]?.tick(index) ?? fail()],
      closes: false,
    }
    assert.equal(desk.take(frame), undefined)
    desk.serve(frame, BigInt(index))
  }
  return desk
}

/** The stream as its payer reads it again: of each chain so many ticks are reserved, and served by its notes. */
function readAgain(notes: readonly { readonly reserved: number; readonly served: number }[]) {
  return new OutgoingStream({
    name: itemId(9),
    legs: notes.map((note, i) => {
      const chain = CHAINS[i] ?? fail()
      const record: PaidStreamRecord = {
        ...{ kind: 'paid', id: itemId(i + 1), stream: itemId(9), channel: testChannel().id },
        ...{
          payee: testSigner(3).publicKey,
          anchor: chain.anchor,
          unit: UNIT,
          fee: amount(0n),
          ticks: TICKS,
        },
        ...{ expiry: EXPIRY, before: i * TICKS, exposure: 4, budget: undefined, ...note },
        ...{ paid: 0, status: 'open', code: '', time: NOW },
      }
      return { record, chain, isFresh: false }
    }),
    now: () => NOW,
    rollOver: () => Promise.reject(new Error('nothing is opened here')),
    reserve: async () => undefined,
    end: async () => undefined,
    until: async () => undefined,
    isOver: () => false,
  })
}

/** Has the payee say which ticks it holds, as often as the payer does not know. */
function settleDoubt(stream: OutgoingStream, payee: StreamDesk): void {
  for (let asked = 0; stream.isInDoubt; asked++) {
    assert.ok(asked < CHAINS.length, 'a payer asks once for each chain at most')
    const frame = parseTickFrame(stream.knownToken)
    assert.ok(!isRejection(frame))
    assert.equal(payee.take(frame), undefined)
    stream.positioned(encodeTickFrame(payee.newest(frame)))
  }
}

/** The tick that is given next, `chain:index`, once the payee has served it. */
async function nextServed(stream: OutgoingStream, payee: StreamDesk): Promise<string> {
  const { token } = await stream.pay()
  const frame = parseTickFrame(token)
  assert.ok(!isRejection(frame))
  assert.equal(payee.take(frame), undefined)
  assert.ok(!isRejection(payee.serve(frame, UNIT)), 'the tick is new to the payee')
  const [{ anchor, index } = fail()] = frame.ticks
  return `${CHAINS.findIndex((chain) => chain.anchor === anchor) + 1}:${index}`
}

test('STREAM-4 a payer that crashed goes on in the chain that it had rolled over to, while the one before is open', async () => {
  for (const notes of [
    [
      { reserved: 100, served: 64 },
      { reserved: 64, served: 0 },
    ],
    [
      { reserved: 100, served: 100 },
      { reserved: 64, served: 0 },
    ],
  ]) {
    const payee = payeeOf([100, 50])
    const stream = readAgain(notes)
    settleDoubt(stream, payee)
    assert.equal(stream.sent, 150)
    assert.equal(await nextServed(stream, payee), '2:51')
  }
})

test('STREAM-4 a payer that crashed asks for the next chain only where the one before is used up', async () => {
  const payee = payeeOf([90])
  const stream = readAgain([
    { reserved: 100, served: 64 },
    { reserved: 64, served: 0 },
  ])
  settleDoubt(stream, payee)
  assert.equal(payee.of(CHAINS[1]?.anchor ?? fail())?.tip.index, 0)
  assert.equal(await nextServed(stream, payee), '1:91')
})

function fail(): never {
  return assert.fail('there are two chains')
}
