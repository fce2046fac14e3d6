import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  adoptEntrusted,
  askToResume,
  type ChannelParty,
  type Entrusted,
  entrust,
  grantResume,
  keyLock,
  lockRoot,
  newParty,
  positionOf,
  takeResume,
} from '@tallystick/protocol'
import { laneOf, signedLane } from './closing-channel.js'
import {
  accepted,
  addItem,
  at,
  CHAIN,
  codeOf,
  NOW,
  SIGNERS,
  TestPair,
  testSigner,
  tick,
} from './test-channel.js'

const NONCE = new Uint8Array(16).fill(1)
const GUARD = testSigner(5)
const TERMS = {
  guardKey: GUARD.publicKey,
  bounty: { ppm: 1_000, payoutLock: lockRoot(keyLock(GUARD.publicKey)) },
  validUntil: at(9_000),
}
const entrusted = (party: ChannelParty) => entrust(CHAIN, party, TERMS, SIGNERS.client)
const lost = (party: ChannelParty) => accepted(askToResume(party, NONCE, tick()))

/** The client has paid and was paid; a tower has the newest of both. */
function world() {
  const pair = new TestPair()
  const start = newParty('client', pair.client.ledger)
  pair.pay('client', 1, 300n)
  pair.pay('hub', 2, 50n)
  pair.update('client', [addItem(3)])
  return { pair, start, copy: entrusted(pair.client) }
}

describe('DSP-12 CH-18 what a guard gives back to an owner that has lost data', () => {
  test('INV-16 is known from then on, and no leave to sign', () => {
    const { pair, start, copy } = world()
    const party = accepted(adoptEntrusted(CHAIN, lost(start), copy))
    assert.deepEqual([party.own, party.peer], [pair.client.own, pair.client.peer])
    assert.deepEqual(party.peerEvidence, pair.client.peerEvidence)
    assert.deepEqual([party.resuming, positionOf(party).confirmed], [NONCE, 0])
  })

  test('only where it is newer than what the owner knows', () => {
    const { pair, copy } = world()
    assert.equal(codeOf(adoptEntrusted(CHAIN, lost(pair.client), copy)), 'nothing_newer')
    pair.update('client', [addItem(4)])
    const own = pair.client.own
    pair.update('hub', [addItem(5)])
    const mixed = { ...entrusted(pair.client), own: copy.own }
    const before = { ...pair.client, peer: copy.proof?.lane ?? assert.fail() }
    const party = accepted(adoptEntrusted(CHAIN, lost(before), mixed))
    assert.deepEqual([party.own, party.peer], [own, pair.client.peer])
  })

  test('INV-17 also where the other side has signed nothing yet: the own lane alone', () => {
    const pair = new TestPair()
    const start = newParty('client', pair.client.ledger)
    pair.update('client', [addItem(3)])
    const copy = entrusted(pair.client)
    assert.equal(copy.proof, undefined)
    assert.deepEqual(accepted(adoptEntrusted(CHAIN, lost(start), copy)).own, pair.client.own)
  })

  test('INV-9 resume_base_too_old, peer_lost_data: an answer that shows less is caught', () => {
    for (const [hide, code] of [
      ['peer', 'peer_lost_data'],
      ['own', 'resume_base_too_old'],
    ] as const) {
      const pair = new TestPair()
      pair.pay('hub', 2, 50n)
      pair.update('client', [addItem(3)])
      const old = pair.hub
      pair.update('client', [addItem(4)])
      pair.update('hub', [addItem(5)])
      const { copy } = { copy: entrusted(pair.client) }
      const start = lost(newParty('client', pair.client.ledger))
      const knowing = accepted(adoptEntrusted(CHAIN, start, copy))
      const lying = hide === 'peer' ? { ...pair.hub, own: old.own } : { ...old, own: pair.hub.own }
      const { answer } = accepted(
        grantResume(CHAIN, lying, { nonce: NONCE, lostAt: start.lostAt }, SIGNERS.hub, tick()),
      )
      assert.equal(codeOf(takeResume(CHAIN, knowing, answer, NOW)), code)
    }
  })

  test('rejections in checking order', () => {
    const { pair, start, copy } = world()
    const { ledger } = start
    const forged = { lane: laneOf({ version: 99 }), evidence: copy.own?.evidence ?? assert.fail() }
    const own = (setup: Parameters<typeof laneOf>[0]) => signedLane(ledger, 'client', laneOf(setup))
    const resume = {
      point: {
        ...{ epoch: 1, nonce: NONCE, base: new Uint8Array(32) },
        ...{ version: 0, acked: 0, transferred: laneOf({}).transferred },
      },
      signature: new Uint8Array(64),
    }
    const asks = lost(start)
    for (const [code, party, shown] of [
      ['channel_not_usable', start, copy],
      ['channel_unknown', asks, { ...copy, number: 8 }],
      ['channel_not_usable', asks, { ...copy, owner: 'hub' }],
      ['bad_proof_signature', asks, { ...copy, own: forged }],
      ['bad_proof_signature', asks, { ...copy, proof: forged }],
      [
        'resume_mismatch',
        asks,
        { ...copy, own: own({ version: 9, epoch: 1, resumeNonce: NONCE }) },
      ],
      ['bad_resume_signature', asks, { ...copy, resume }],
      ['nothing_newer', asks, { ...copy, own: undefined, proof: undefined }],
    ] as readonly (readonly [string, ChannelParty, Entrusted])[]) {
      assert.equal(codeOf(adoptEntrusted(CHAIN, party, shown)), code)
    }
    assert.equal(pair.client.own.version, 3)
  })
})
