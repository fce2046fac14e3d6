import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import {
  amount,
  type Challenge,
  type Closing,
  type ClosingChannel,
  challenge,
  channelTotal,
  closingCodec,
  encode,
  forceClose,
  isClosing,
  isRejection,
  type LaneHead,
  type LaneState,
  laneHead,
  type Operation,
  otherRole,
  type RevealLookup,
  type Role,
  resumeDigest,
  type SignedResume,
  settlementBounds,
  timestamp,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { revealLookup } from '#settlement/core/reveal-record.js'
import { checkProperty } from './check-property.js'
import { guardDraft } from './guard-draft.js'
import { ITEM_NAMES, laneArbitrary } from './lane-arbitrary.js'
import {
  finalizeDraft,
  forceCloseDraft,
  lane,
  lastLink,
  openChannel,
  signedLane,
  withdrawOperation,
} from './test-channel.js'
import { ALICE, BOB, CAROL, type Draft, HUB, keyLockOf, START, TestLedger } from './test-ledger.js'

/*
 * Disputes in every combination of a close that is unsure or not, resumes of either lane, challenges
 * by the owner and by two guards, and penalties, over lanes that anybody could make up.
 */

const SIGNERS = { client: ALICE, hub: HUB }
const GUARDS = [BOB, CAROL] as const
const FAR = timestamp(START + 10_000)

type Shown = {
  readonly proof: LaneState | undefined
  readonly own: LaneState | undefined
  /** Whether the closing side has signed a resume of the challenger's lane, which goes along. */
  readonly resumed: boolean
  /** Absent: the owner itself. */
  readonly guard: { readonly who: 0 | 1; readonly ppm: number } | undefined
}
type Scene = {
  readonly by: Role
  readonly own: LaneState
  readonly peer: LaneState | undefined
  readonly unsure: boolean
  readonly resumed: boolean
  readonly penaltyPpm: number
  /** What one side took out while the channel was in use. */
  readonly withdrawn: { readonly role: Role; readonly value: bigint } | undefined
  readonly shown: readonly Shown[]
}

const optionally = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const shownArbitrary: fc.Arbitrary<Shown> = fc.record({
  proof: fc.option(laneArbitrary, { nil: undefined, freq: 8 }),
  own: optionally(laneArbitrary),
  resumed: fc.boolean(),
  guard: optionally(
    fc.record({
      who: fc.constantFrom<0 | 1>(0, 1),
      ppm: fc.constantFrom(0, 1, 250_000, 999_999, 1_000_000),
    }),
  ),
})

const sceneArbitrary: fc.Arbitrary<Scene> = fc.record({
  by: fc.constantFrom<Role>('client', 'hub'),
  own: laneArbitrary,
  peer: optionally(laneArbitrary),
  unsure: fc.boolean(),
  resumed: fc.boolean(),
  penaltyPpm: fc.constantFrom(1, 100_000, 333_333, 1_000_000),
  withdrawn: optionally(
    fc.record({
      role: fc.constantFrom<Role>('client', 'hub'),
      value: fc.bigInt(1n, 1_200n),
    }),
  ),
  shown: fc.array(shownArbitrary, { minLength: 1, maxLength: 5 }),
})

/** The payee's word that the lane goes on in epoch 1, from `base` or whatever followed that. */
function resumeOf(ledger: TestLedger, payer: Role, base: LaneState): SignedResume {
  const channel = ledger.channel(0)
  const { digest } = laneHead(ledger.chainId, channel, payer, base)
  const point = {
    ...{ epoch: 1, nonce: new Uint8Array(16), base: digest, version: 0, acked: 0 },
    transferred: lane(0, 0n).transferred,
  }
  const signer = SIGNERS[otherRole(payer)]
  return { point, signature: signer.sign(resumeDigest(ledger.chainId, channel, payer, point)) }
}

/** A ledger with the scene's channel, and the force close, the nearest to the scene that is taken. */
function openScene(scene: Scene): { readonly ledger: TestLedger; readonly close: Draft } {
  const { by, own, peer, penaltyPpm, withdrawn } = scene
  const ledger = new TestLedger()
  const terms = { clientPenaltyPpm: penaltyPpm, hubPenaltyPpm: penaltyPpm }
  openChannel(ledger, { client: 1_000n, hub: 500n }, terms)
  if (withdrawn !== undefined) {
    const { role, value } = withdrawn
    const operation = withdrawOperation(ledger, 0, { role, withdrawn: value })
    ledger.do({ spends: [ledger.coin(HUB)], operations: [operation], signers: [HUB] })
  }
  const unsure = scene.unsure && by === 'client'
  const tries: readonly (readonly [LaneState, LaneState | undefined])[] = [
    [own, peer],
    [{ ...own, acked: 0 }, peer && { ...peer, acked: 0 }],
    [{ ...own, acked: 0 }, undefined],
    [lane(1, withdrawnOfPaid(withdrawn, by)), lane(1, withdrawnOfPaid(withdrawn, otherRole(by)))],
  ]
  for (const [asserted, chosen] of tries) {
    const draft = forceCloseDraft(ledger, 0, by, asserted, chosen)
    const isResumed = scene.resumed || asserted.epoch > 0
    const resume = isResumed ? resumeOf(ledger, by, asserted) : undefined
    const operations = (draft.operations ?? []).map((operation) =>
      operation.kind === 'forceClose' ? { ...operation, unsure, resume } : operation,
    )
    const close = { ...draft, operations }
    if (!isRejection(ledger.judge(ledger.sign(close)))) return { ledger, close }
  }
  return assert.fail('lanes that have paid what was withdrawn can be asserted')
}

/** What `payer` has to have paid, where the other side has withdrawn more than it had put in (CH-17). */
function withdrawnOfPaid(withdrawn: Scene['withdrawn'], payer: Role): bigint {
  if (withdrawn === undefined || withdrawn.role === payer) return 0n
  const deposited = payer === 'client' ? 500n : 1_000n
  return withdrawn.value > deposited ? withdrawn.value - deposited : 0n
}

function closedChannel(
  ledger: TestLedger,
  { operations: [operation] = [] }: Draft,
): ClosingChannel {
  assert.ok(operation?.kind === 'forceClose')
  const closing = forceClose(ledger.chainId, ledger.channel(0), operation, START)
  return isRejection(closing) ? assert.fail(closing.detail) : closing
}

/** One challenge of the scene, signed by everybody whose word is in it. */
function challengeOf(ledger: TestLedger, by: Role, shown: Shown): Challenge {
  const owner = otherRole(by)
  const { proof, own, resumed, guard } = shown
  const resume = resumed && own !== undefined ? resumeOf(ledger, owner, own) : undefined
  if (guard === undefined) {
    return { proof: proof && signedLane(ledger, 0, by, proof), own, resume, guard: undefined }
  }
  const [operation] =
    guardDraft(ledger, 0, GUARDS[guard.who], {
      ...{ owner, appoints: SIGNERS[owner], ppm: guard.ppm },
      ...(own && { own }),
      ...(resume && { resume }),
    }).operations ?? []
  assert.ok(operation?.kind === 'challenge')
  return { ...operation, proof: proof && signedLane(ledger, 0, by, proof) }
}

/** Shows everything in this order; what the ledger refuses is left out. */
function after(
  ledger: TestLedger,
  closed: ClosingChannel,
  challenges: readonly Challenge[],
): ClosingChannel {
  return challenges.reduce<ClosingChannel>((channel, shown) => {
    const next = challenge(ledger.chainId, channel, shown, START)
    return isRejection(next) ? channel : next
  }, closed)
}

/** Reveals that only ever rise, by the name of an anchor and of an expiry. */
const revealsArbitrary: fc.Arbitrary<RevealLookup> = fc.func(fc.nat(4))

function settled(channel: ClosingChannel, revealedBy: RevealLookup) {
  const { client, hub, bounty } = settlementBounds(channel, revealedBy, FAR)
  for (const { least, most } of [client, hub, bounty]) assert.equal(least, most, 'INV-14')
  const shares = { client: client.least, hub: hub.least, bounty: bounty.least }
  assert.equal(shares.client + shares.hub + shares.bounty, channelTotal(channel), 'INV-2')
  return shares
}

describe('a dispute with guards, whatever anybody shows:', () => {
  test('INV-10 INV-13 the owner is paid at least what it would be without them, the liar never more', (context) => {
    const met = { penalized: 0, paid: 0, unsure: 0, resumed: 0, overruled: 0, guardOwn: 0 }
    const property = fc.property(sceneArbitrary, revealsArbitrary, (scene, revealedBy) => {
      const { ledger, close } = openScene(scene)
      const closed = closedChannel(ledger, close)
      const challenges = scene.shown.map((shown) => challengeOf(ledger, scene.by, shown))
      const guarded = after(ledger, closed, challenges)
      const alone = after(
        ledger,
        closed,
        challenges.filter(({ guard }) => guard === undefined),
      )
      const [withGuards, without] = [settled(guarded, revealedBy), settled(alone, revealedBy)]
      const owner = otherRole(scene.by)
      assert.ok(withGuards[owner] >= without[owner], 'no guard costs its owner anything')
      assert.ok(withGuards[scene.by] + withGuards.bounty <= without[scene.by])
      assert.equal(without.bounty, 0n)
      const { status } = guarded
      const isAnswered = status.challenged || status.replaced
      if (isAnswered || !status.penalized) assert.equal(withGuards.bounty, 0n)
      met.penalized += Number(status.penalized)
      met.paid += Number(withGuards.bounty > 0n)
      met.unsure += Number(status.unsure)
      met.resumed += Number(status.resume !== undefined)
      met.overruled += Number(isAnswered && scene.shown.some(({ guard }) => guard !== undefined))
      met.guardOwn += Number(status.guardOtherLane !== undefined)
    })
    checkProperty(context, property, 400)
    assert.ok(
      Object.values(met).every((count) => count > 0),
      inspect(met),
    )
  })

  test('INV-11 the order in which owner and guards speak changes nothing, nor who is paid', (context) => {
    const property = fc.property(
      sceneArbitrary.chain((scene) =>
        fc.record({
          scene: fc.constant(scene),
          order: fc.shuffledSubarray(
            scene.shown.map((_, i) => i),
            { minLength: scene.shown.length },
          ),
        }),
      ),
      ({ scene, order }) => {
        const { ledger, close } = openScene(scene)
        const closed = closedChannel(ledger, close)
        const challenges = scene.shown.map((shown) => challengeOf(ledger, scene.by, shown))
        const shuffled = order.flatMap((i) => challenges[i] ?? [])
        assert.deepEqual(after(ledger, closed, shuffled), after(ledger, closed, challenges))
      },
    )
    checkProperty(context, property, 200)
  })

  test('DSP-1 takes at most 514 bytes without items, 348 without guards, whatever the numbers', () => {
    const [most, bytes] = [amount(2n ** 63n - 1n), new Uint8Array(32)]
    const point = { epoch: 2 ** 48, resumeNonce: new Uint8Array(16), version: 2 ** 48 }
    const widest = { ...point, acked: 2 ** 48, transferred: most }
    const head: LaneHead = { ...widest, digest: bytes }
    const guarded = {
      lane: { ...widest, items: [] },
      bounty: { ppm: 1_000_000, payoutLock: keyLockOf(BOB.publicKey) },
    }
    const closing: Closing = {
      ...{ by: 'hub', deadline: timestamp(2 ** 40 - 1), unsure: false },
      ...{ asserted: head, chosen: head, challenged: false, replaced: false, penalized: true },
      resume: { epoch: 2 ** 48, nonce: new Uint8Array(16), base: bytes },
      ...{ closerLane: guarded.lane, otherLane: guarded.lane },
      ...{ guardCloserLane: guarded, guardOtherLane: guarded },
      ...{ paidClient: most, paidHub: most, finalizes: 2 ** 48 },
    }
    const unguarded = { guardCloserLane: undefined, guardOtherLane: undefined }
    assert.equal(encode(closingCodec, closing).length, 514)
    assert.equal(encode(closingCodec, { ...closing, ...unguarded }).length, 348)
  })

  test('DSP-1 takes at most 69 bytes more for each item of its lanes', (context) => {
    const property = fc.property(sceneArbitrary, (scene) => {
      const { ledger, close } = openScene(scene)
      const challenges = scene.shown.map((shown) => challengeOf(ledger, scene.by, shown))
      const { status } = after(ledger, closedChannel(ledger, close), challenges)
      const lanes = [status.closerLane, status.otherLane]
      for (const kept of [status.guardCloserLane, status.guardOtherLane]) {
        if (kept !== undefined) lanes.push(kept.lane)
      }
      const items = lanes.reduce((sum, { items: { length } }) => sum + length, 0)
      assert.ok(encode(closingCodec, status).length <= 514 + 69 * items)
    })
    checkProperty(context, property, 150)
  })

  test('INV-1 INV-2 OP-7 OP-11 paid out in parts, with fees and reveals in between, it is the total to the unit', (context) => {
    const step = fc.record({
      seconds: fc.integer({ min: 0, max: 60 }),
      reveal: optionally(fc.constantFrom(...ITEM_NAMES)),
      ticks: fc.integer({ min: 1, max: 4 }),
      fee: optionally(
        fc.record({
          role: fc.constantFrom<Role>('client', 'hub'),
          value: fc.bigInt(1n, 40n),
        }),
      ),
    })
    const met = { bounties: 0, fees: 0, parts: 0, withdrawals: 0 }
    const property = fc.property(
      sceneArbitrary,
      fc.array(step, { maxLength: 6 }),
      (scene, steps) => {
        const { ledger, close } = openScene(scene)
        const owner = otherRole(scene.by)
        // `apply` checks conservation (INV-1) after each of these.
        const tryOut = (draft: Draft) => {
          const signed = ledger.sign(draft)
          return isRejection(ledger.judge(signed)) ? undefined : ledger.apply(signed)
        }
        ledger.do(close)
        for (const shown of scene.shown) {
          const signer = shown.guard === undefined ? SIGNERS[owner] : GUARDS[shown.guard.who]
          const { proof, own, resume, guard } = challengeOf(ledger, scene.by, shown)
          const operation: Operation = { kind: 'challenge', channel: 0, proof, own, resume, guard }
          tryOut({ spends: [ledger.coin(signer)], operations: [operation], signers: [signer] })
        }
        const paid: bigint[] = []
        const finalizeIfDue = () => {
          const channel = ledger.state.read('channel', { channel: 0 })
          if (channel === undefined || !isClosing(channel)) return
          const done = tryOut(finalizeDraft(0, channel.status.finalizes))
          if (done === undefined) return
          const coins = [0, 1, 2].map((index) => ledger.coinAmount({ txId: done.id, index }) ?? 0n)
          paid.push(...coins)
          met.bounties += Number((coins[2] ?? 0n) > 0n)
          met.parts += Number(channel.status.finalizes > 0)
        }
        const payFee = ({ role, value }: NonNullable<(typeof steps)[number]['fee']>) => {
          const bounds = () => {
            const channel = ledger.state.read('channel', { channel: 0 })
            if (channel === undefined || !isClosing(channel)) return undefined
            return settlementBounds(channel, revealLookup(ledger.state), ledger.time)
          }
          const before = bounds()
          const done = tryOut({
            spends: [ledger.coin(SIGNERS[role])],
            operations: [{ kind: 'payFee', channel: 0, role, amount: amount(value) }],
            signers: [SIGNERS[role]],
          })
          if (done === undefined) return
          paid.push(value)
          met.fees += 1
          const afterwards = bounds()
          const payee = otherRole(role)
          assert.deepEqual(afterwards?.[payee], before?.[payee], 'OP-7')
          assert.deepEqual(afterwards?.bounty, before?.bounty, 'OP-7')
        }
        if (scene.withdrawn !== undefined) {
          paid.push(scene.withdrawn.value)
          met.withdrawals += 1
        }
        for (const { seconds, reveal, ticks, fee } of steps) {
          ledger.time = timestamp(ledger.time + seconds)
          if (reveal !== undefined) {
            const reveals = [{ index: ticks, link: lastLink(reveal) }]
            tryOut({ spends: [ledger.coin(SIGNERS[owner])], reveals, signers: [SIGNERS[owner]] })
          }
          if (fee !== undefined) payFee(fee)
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
    checkProperty(context, property, 200)
    assert.ok(
      Object.values(met).every((count) => count > 0),
      inspect(met),
    )
  })
})
