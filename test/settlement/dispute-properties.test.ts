import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Channel,
  type ClosingChannel,
  challenge,
  channelTotal,
  forceClose,
  isClosing,
  isRejection,
  type LaneState,
  type Role,
  settlementBounds,
  timestamp,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { checkProperty } from './check-property.js'
import { ITEM_NAMES, laneArbitrary } from './lane-arbitrary.js'
import {
  challengeDraft,
  finalizeDraft,
  forceCloseDraft,
  lane,
  lastLink,
  openChannel,
  signedLane,
} from './test-channel.js'
import { ALICE, HUB, START, TestLedger } from './test-ledger.js'

const SIGNERS = { client: ALICE, hub: HUB }
const NOTHING_REVEALED = () => 0

type Shown = { readonly proof: LaneState; readonly own: LaneState | undefined }
const shownArbitrary: fc.Arbitrary<Shown> = fc.record({
  proof: laneArbitrary,
  own: fc.option(laneArbitrary, { nil: undefined }),
})

/** A lane that can be asserted while the other side has signed nothing. */
const firstLaneArbitrary = laneArbitrary.map((own) => ({ ...own, acked: 0 }))

/** A channel of 1,000 and 500 that `by` has closed with whatever the ledger takes. */
function closing(ledger: TestLedger, by: Role, own: LaneState): ClosingChannel {
  openChannel(ledger, { client: 1_000n, hub: 500n })
  const channel = ledger.channel(0)
  const asserted = { by, own, unsure: false, resume: undefined, peer: undefined }
  const closed = forceClose(ledger.chainId, channel, asserted, START)
  return isRejection(closed) ? closing(new TestLedger(), by, lane(1, 0n)) : closed
}

/** Shows everything in this order; what the ledger refuses is left out. */
function after(ledger: TestLedger, closed: ClosingChannel, shown: readonly Shown[]): Channel {
  const { by } = closed.status
  return shown.reduce<Channel>((channel, { proof, own }) => {
    const signed = signedLane(ledger, 0, by, proof)
    const next = challenge(
      ledger.chainId,
      channel,
      { proof: signed, own, resume: undefined, guard: undefined },
      START,
    )
    return isRejection(next) ? channel : next
  }, closed)
}

describe('a dispute, whatever is shown:', () => {
  test('INV-11 the order of challenges changes nothing', (context) => {
    const property = fc.property(
      fc.constantFrom<Role>('client', 'hub'),
      firstLaneArbitrary,
      fc.array(shownArbitrary, { minLength: 2, maxLength: 4 }),
      fc.infiniteStream(fc.nat(23)),
      (by, own, shown, order) => {
        const ledger = new TestLedger()
        const closed = closing(ledger, by, own)
        const shuffled = [...shown]
        for (let i = shuffled.length - 1; i > 0; i--) {
          const j = (order.next().value ?? 0) % (i + 1)
          const [a, b] = [shuffled[i], shuffled[j]]
          if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a]
        }
        assert.deepEqual(after(ledger, closed, shuffled), after(ledger, closed, shown))
      },
    )
    checkProperty(context, property, 300)
  })

  test('INV-2 both sides together are paid what the channel holds, also by forged lanes', (context) => {
    const property = fc.property(
      fc.constantFrom<Role>('client', 'hub'),
      fc.boolean(),
      laneArbitrary,
      laneArbitrary,
      fc.integer({ min: START, max: START + 300 }),
      fc.func(fc.integer({ min: 0, max: 5 })),
      (by, penalized, closerLane, otherLane, now, revealed) => {
        const ledger = new TestLedger()
        const closed = closing(ledger, by, lane(1, 0n))
        const forged: ClosingChannel = {
          ...closed,
          status: { ...closed.status, penalized, closerLane, otherLane },
        }
        const bounds = settlementBounds(forged, revealed, timestamp(now))
        const total = channelTotal(forged)
        assert.equal(total, 1_500n)
        assert.equal(bounds.client.least + bounds.hub.most, total)
        assert.equal(bounds.client.most + bounds.hub.least, total)
        for (const role of ['client', 'hub'] as const) {
          assert.ok(bounds[role].least >= 0n && bounds[role].least <= bounds[role].most)
        }
      },
    )
    checkProperty(context, property, 500)
  })

  test('INV-1 INV-2 paid out in parts, with reveals in between, it is the total to the unit', (context) => {
    const step = fc.record({
      seconds: fc.integer({ min: 0, max: 60 }),
      reveal: fc.option(fc.constantFrom(...ITEM_NAMES), { nil: undefined }),
      ticks: fc.integer({ min: 1, max: 4 }),
    })
    const property = fc.property(
      fc.constantFrom<Role>('client', 'hub'),
      firstLaneArbitrary,
      fc.array(laneArbitrary, { maxLength: 2 }),
      fc.array(step, { maxLength: 6 }),
      (by, own, proofs, steps) => {
        const ledger = new TestLedger()
        openChannel(ledger, { client: 1_000n, hub: 500n })
        const other = by === 'client' ? 'hub' : 'client'
        // `apply` checks conservation (INV-1) after each of these.
        const tryOut = (draft: Parameters<TestLedger['sign']>[0]) => {
          const signed = ledger.sign(draft)
          return isRejection(ledger.judge(signed)) ? undefined : ledger.apply(signed)
        }
        tryOut(forceCloseDraft(ledger, 0, by, own, undefined)) ??
          ledger.do(forceCloseDraft(ledger, 0, by, lane(1, 0n), undefined))
        for (const proof of proofs) tryOut(challengeDraft(ledger, 0, other, proof))
        const paid: bigint[] = []
        const finalizeIfDue = () => {
          const channel = ledger.state.read('channel', { channel: 0 })
          if (channel === undefined || !isClosing(channel)) return
          const done = tryOut(finalizeDraft(0, channel.status.finalizes))
          if (done === undefined) return
          for (const index of [0, 1]) paid.push(ledger.coinAmount({ txId: done.id, index }) ?? 0n)
        }
        for (const { seconds, reveal, ticks } of steps) {
          ledger.time = timestamp(ledger.time + seconds)
          if (reveal !== undefined) {
            tryOut({
              spends: [ledger.coin(SIGNERS[other])],
              reveals: [{ index: ticks, link: lastLink(reveal) }],
              signers: [SIGNERS[other]],
            })
          }
          finalizeIfDue()
        }
        ledger.time = timestamp(START + 1_000)
        finalizeIfDue()
        assert.equal(ledger.state.read('channel', { channel: 0 }), undefined, 'INV-14')
        assert.equal(
          paid.reduce((sum, value) => sum + value, 0n),
          1_500n,
        )
      },
    )
    checkProperty(context, property, 150)
  })

  test('OP-7 a fee out of the channel is paid by its payer alone', (context) => {
    const property = fc.property(
      fc.constantFrom<Role>('client', 'hub'),
      fc.constantFrom<Role>('client', 'hub'),
      firstLaneArbitrary,
      fc.array(laneArbitrary, { maxLength: 2 }),
      fc.bigInt(1n, 60n),
      fc.integer({ min: START, max: START + 300 }),
      (by, payer, own, proofs, fee, now) => {
        const ledger = new TestLedger()
        openChannel(ledger, { client: 1_000n, hub: 500n })
        const other = by === 'client' ? 'hub' : 'client'
        const close = ledger.sign(forceCloseDraft(ledger, 0, by, own, undefined))
        if (isRejection(ledger.judge(close))) return
        ledger.apply(close)
        for (const proof of proofs) {
          const shown = ledger.sign(challengeDraft(ledger, 0, other, proof))
          if (!isRejection(ledger.judge(shown))) ledger.apply(shown)
        }
        ledger.time = timestamp(now)
        const bounds = () => {
          const channel = ledger.channel(0)
          assert.ok(isClosing(channel))
          return settlementBounds(channel, NOTHING_REVEALED, ledger.time)
        }
        const before = bounds()
        const draft = ledger.sign({
          spends: [ledger.coin(SIGNERS[payer])],
          operations: [{ kind: 'payFee', channel: 0, role: payer, amount: amount(fee) }],
          signers: [SIGNERS[payer]],
        })
        const judged = ledger.judge(draft)
        const payee = payer === 'client' ? 'hub' : 'client'
        if (isRejection(judged)) {
          assert.ok(['fee_above_reserve', 'fee_above_payout'].includes(judged.code), judged.code)
          return
        }
        assert.ok(fee <= 50n, 'the reserve bounds it')
        ledger.apply(draft)
        const afterwards = bounds()
        assert.deepEqual(afterwards[payee], before[payee])
        assert.equal(afterwards[payer].least, before[payer].least - fee)
      },
    )
    checkProperty(context, property, 200)
  })
})
