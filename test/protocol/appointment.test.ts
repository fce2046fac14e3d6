import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AppointmentTerms,
  appointmentDigest,
  balanceProofDigest,
  type Channel,
  type ClosingChannel,
  challenge,
  decode,
  encode,
  entrust,
  entrustedCodec,
  type LaneState,
  type LockRoot,
  type Operation,
  operationCodec,
  type Role,
  seeLedger,
  signAppointment,
  timestamp,
  toHex,
} from '@tallystick/protocol'
import { dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { entrustedChallenge } from '#client-sdk/guard/entrusted-challenge.js'
import { closed, type LaneSetup, laneOf, pendingItem, signedLane } from './closing-channel.js'
import {
  accepted,
  addItem,
  at,
  CHAIN,
  codeOf,
  evidenceOf,
  NOW,
  OTHER_CHAIN,
  SIGNERS,
  TestPair,
  testChannel,
  testSigner,
} from './test-channel.js'

const CHANNEL = testChannel()
const TERMS: AppointmentTerms = {
  guardKey: testSigner(5).publicKey,
  bounty: { ppm: 250_000, payoutLock: 'cd'.repeat(32) as LockRoot },
  validUntil: at(500),
}
const OFFLINE = () => 0

/** The client asserts version 5 (acked 3, 500 paid) with the hub's version 3 (acked 2). */
const CLOSING = closed(
  CHANNEL,
  'client',
  laneOf({ version: 5, acked: 3, transferred: 500n }),
  laneOf({ version: 3, acked: 2, transferred: 100n }),
)
const NEWER = laneOf({ version: 6, acked: 4, transferred: 600n })

type Answer = {
  readonly proof?: LaneSetup
  readonly own?: LaneState
  readonly appoints?: Role
  readonly on?: Channel
  readonly now?: number
}

/** A challenge by the hub's guard. */
function answer({ proof, own, appoints = 'hub', on = CLOSING, now = 100 }: Answer) {
  const appointment = signAppointment(CHAIN, on, 'hub', TERMS, SIGNERS[appoints])
  const ownEvidence = own && evidenceOf(new Uint8Array(32), SIGNERS.hub)
  const shown = { ...NEWER, ...(proof && laneOf(proof)) }
  return challenge(
    CHAIN,
    on,
    {
      ...{ proof: signedLane(CHANNEL, 'client', shown), own, resume: undefined },
      guard: { appointment, ownEvidence },
    },
    at(now),
  )
}

describe('DSP-11 challenge by a guard: rejections in checking order', () => {
  const cases: readonly (readonly [string | undefined, Answer])[] = [
    ['channel_not_closing', { on: CHANNEL, now: 9_999 }],
    ['window_closed', { now: 1_001, appoints: 'client' }],
    ['appointment_expired', { now: 501, appoints: 'client' }],
    ['bad_appointment_signature', { now: 500, appoints: 'client', own: laneOf({}) }],
    ['bad_proof_signature', { own: laneOf({ version: 2 }) }],
    ['challenge_not_relevant', { proof: { version: 1 } }],
    [undefined, { now: 500 }],
  ]
  for (const [code, shown] of cases) {
    test(`${code}`, () => assert.equal(codeOf(answer(shown)), code))
  }

  test('own_proof_too_old: what the owner has signed is bounded as its own word is (DSP-5)', () => {
    const guarded = (own: LaneState) => {
      const appointment = signAppointment(CHAIN, CHANNEL, 'hub', TERMS, SIGNERS.hub)
      const { evidence } = signedLane(CHANNEL, 'hub', own)
      const proof = signedLane(CHANNEL, 'client', NEWER)
      const guard = { appointment, ownEvidence: evidence }
      return challenge(CHAIN, CLOSING, { proof, own, resume: undefined, guard }, at(1))
    }
    assert.equal(codeOf(guarded(laneOf({ version: 3, acked: 2 }))), 'own_proof_too_old')
    assert.equal(codeOf(guarded(laneOf({ version: 4, acked: 2 }))), 'own_proof_too_old')
    const own = laneOf({ version: 4, acked: 2, transferred: 100n })
    const { status } = accepted(guarded(own)) as ClosingChannel
    assert.deepEqual(status.guardOtherLane, { lane: own, bounty: TERMS.bounty })
    assert.deepEqual(status.guardCloserLane, { lane: NEWER, bounty: TERMS.bounty })
    assert.deepEqual([status.challenged, status.replaced, status.penalized], [false, false, true])
  })
})

test('INV-20 an appointment is one for its chain, channel, side, key, bounty and end alone', () => {
  const { bounty } = TERMS
  const digests = [
    appointmentDigest(CHAIN, CHANNEL, 'hub', TERMS),
    appointmentDigest(OTHER_CHAIN, CHANNEL, 'hub', TERMS),
    appointmentDigest(CHAIN, testChannel({ number: 8 }), 'hub', TERMS),
    appointmentDigest(CHAIN, CHANNEL, 'client', TERMS),
    appointmentDigest(CHAIN, CHANNEL, 'hub', { ...TERMS, guardKey: testSigner(6).publicKey }),
    appointmentDigest(CHAIN, CHANNEL, 'hub', { ...TERMS, bounty: { ...bounty, ppm: 250_001 } }),
    appointmentDigest(CHAIN, CHANNEL, 'hub', {
      ...TERMS,
      bounty: { ...bounty, payoutLock: 'ce'.repeat(32) as LockRoot },
    }),
    appointmentDigest(CHAIN, CHANNEL, 'hub', { ...TERMS, validUntil: at(501) }),
  ]
  assert.equal(new Set(digests.map(toHex)).size, digests.length)
})

test('ENC-5 an own lane by a guard has evidence, and nothing else has it', () => {
  const appointment = signAppointment(CHAIN, CHANNEL, 'hub', TERMS, SIGNERS.hub)
  const own = laneOf({ version: 4, acked: 2, transferred: 100n })
  const { evidence } = signedLane(CHANNEL, 'hub', own)
  const proof = signedLane(CHANNEL, 'client', NEWER)
  const rest = { kind: 'challenge', channel: 7, proof, resume: undefined } as const
  const whole: Operation = { ...rest, own, guard: { appointment, ownEvidence: evidence } }
  const bytes = encode(operationCodec, whole)
  assert.deepEqual(decode(operationCodec, bytes), whole)
  const wrong: readonly Operation[] = [
    { ...rest, own, guard: { appointment, ownEvidence: undefined } },
    { ...rest, own: undefined, guard: { appointment, ownEvidence: evidence } },
  ]
  for (const operation of wrong) {
    assert.throws(() => encode(operationCodec, operation), /a guard shows an own lane with/)
  }
  // The evidence is the last thing of all: a flag, a kind and 64 bytes.
  const short = bytes.slice(0, -65)
  short[short.length - 1] = 0
  assert.equal(codeOf(decode(operationCodec, short)), 'malformed')
})

describe('DSP-12 what an owner entrusts to a guard', () => {
  /** The client has paid 500 by now, and the hub 300, of which the client has given nothing up. */
  function paid(): TestPair {
    const pair = new TestPair()
    pair.pay('client', 1, 500n)
    pair.pay('hub', 2, 300n)
    return pair
  }
  const handedOver = (pair: TestPair, owner: Role = 'hub') =>
    entrust(CHAIN, pair[owner], TERMS, SIGNERS[owner])
  const context = { chainId: CHAIN, now: NOW, revealedBy: OFFLINE }

  test('are the newest proofs of both lanes as they were signed, and no key', () => {
    const pair = paid()
    const { proof, own, resume, appointment, ...names } = handedOver(pair)
    assert.deepEqual(names, { channel: pair.hub.ledger.id, number: 7, owner: 'hub' })
    assert.deepEqual(proof, { lane: pair.hub.peer, evidence: pair.hub.peerEvidence })
    const digest = balanceProofDigest(CHAIN, CHANNEL.id, 'hub', pair.hub.own)
    assert.deepEqual(own, { lane: pair.hub.own, evidence: evidenceOf(digest, SIGNERS.hub) })
    assert.deepEqual([resume, appointment.guardKey], [undefined, TERMS.guardKey])
  })

  test('INV-49 take as many bytes after sixty payments as after ten', () => {
    const pair = new TestPair()
    const sizes = new Set<number>()
    for (let count = 0; count < 60; count++) {
      pair.pay('client', 1, 20n)
      pair.pay('hub', 2, 20n)
      if (count >= 10) sizes.add(encode(entrustedCodec, handedOver(pair)).length)
    }
    assert.deepEqual([...sizes], [317])
  })

  test('CH-18 tell nothing of the own lane where newer states of it may be lost', () => {
    const pair = paid()
    const party = { ...pair.hub, resuming: new Uint8Array(16) }
    assert.equal(entrust(CHAIN, party, TERMS, SIGNERS.hub).own, undefined)
    assert.equal(handedOver(new TestPair()).own, undefined)
  })

  test('call for nothing while the channel is open, closed by the owner, or another one', () => {
    const pair = paid()
    const entrusted = handedOver(pair)
    const open = testChannel()
    const byOwner = closed(open, 'hub', pair.hub.own, pair.hub.peer)
    const elsewhere = closed(testChannel({ number: 8 }), 'client', laneOf({}))
    for (const ledger of [open, byOwner, elsewhere]) {
      assert.equal(entrustedChallenge(entrusted, ledger, context), undefined)
    }
  })

  test('call for nothing where an honest side has closed', () => {
    const pair = paid()
    const { own, peer } = forceCloseOperation(pair.client)
    const honest = closed(testChannel(), 'client', own, peer?.lane)
    assert.equal(entrustedChallenge(handedOver(pair), honest, context), undefined)
  })

  test('DSP-8 INV-9 call for all that the ledger takes, once, and then leave nothing to the owner', () => {
    const pair = paid()
    const [old, chosen] = [pair.hub.peer, pair.client.peer]
    pair.update('client', [addItem(3)])
    pair.update('hub', [addItem(4)])
    pair.update('client', [])
    const lie = closed(testChannel(), 'client', old, chosen)
    const due = entrustedChallenge(handedOver(pair), lie, context)
    assert.ok(due !== undefined)
    const answered = accepted(challenge(CHAIN, lie, due, NOW)) as ClosingChannel
    assert.ok(answered.status.penalized)
    assert.deepEqual(answered.status.guardCloserLane?.lane, pair.hub.peer)
    assert.equal(entrustedChallenge(handedOver(pair), answered, context), undefined)
    // The owner is back: its guard has earned the bounty, and it has nothing better to show.
    const back = seeLedger(pair.hub, answered, NOW)
    assert.deepEqual(
      dutiesOf(back, CHAIN, NOW, OFFLINE).filter(({ kind }) => kind === 'challenge'),
      [],
    )
  })

  test('DSP-8 an owner that has more than its guard had shows it itself', () => {
    const pair = paid()
    const old = pair.hub.peer
    const entrusted = handedOver(pair)
    pair.pay('client', 5, 200n)
    const before = laneOf({ version: old.version - 1, transferred: 0n, acked: old.acked })
    const lie = closed(testChannel(), 'client', before)
    const due = entrustedChallenge(entrusted, lie, context)
    assert.ok(due !== undefined)
    const answered = accepted(challenge(CHAIN, lie, due, NOW)) as ClosingChannel
    const duties = dutiesOf(seeLedger(pair.hub, answered, NOW), CHAIN, NOW, OFFLINE)
    const [own] = duties.filter(({ kind }) => kind === 'challenge')
    assert.ok(own?.kind === 'challenge' && own.operation.guard === undefined)
    assert.deepEqual(own.operation.proof?.lane, pair.hub.peer)
  })

  test('DSP-8 an owner that has less than its guard has shown leaves it to that', () => {
    const pair = paid()
    const party = pair.hub
    pair.pay('client', 5, 200n)
    const lie = closed(testChannel(), 'client', laneOf({}))
    const due = entrustedChallenge(handedOver(pair), lie, context)
    assert.ok(due !== undefined)
    const answered = accepted(challenge(CHAIN, lie, due, NOW)) as ClosingChannel
    const duties = dutiesOf(seeLedger(party, answered, NOW), CHAIN, NOW, OFFLINE)
    assert.deepEqual(
      duties.filter(({ kind }) => kind === 'challenge'),
      [],
    )
  })

  test('DSP-8 a link is revealed for an item that only the guard has shown', () => {
    const pair = paid()
    const items = [pendingItem(9)]
    const shown = laneOf({ ...pair.hub.peer, version: pair.hub.peer.version + 1, items })
    const party = {
      ...pair.hub,
      peer: shown,
      peerEvidence: signedLane(CHANNEL, 'client', shown).evidence,
    }
    const lie = closed(testChannel(), 'client', laneOf({}))
    const due = entrustedChallenge(entrust(CHAIN, party, TERMS, SIGNERS.hub), lie, context)
    assert.ok(due !== undefined)
    const answered = accepted(challenge(CHAIN, lie, due, NOW)) as ClosingChannel
    const known = { index: 1, link: new Uint8Array(32).fill(9) }
    const knowing = {
      ...seeLedger(party, answered, NOW),
      incoming: items.map(({ id }) => ({ id, known, onLedger: 0, declined: false })),
    }
    const duties = dutiesOf(knowing, CHAIN, timestamp(NOW + 1), OFFLINE)
    assert.deepEqual(
      duties.map(({ kind }) => kind),
      ['reveal'],
    )
  })
})
