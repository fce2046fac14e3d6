import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  agreeToWithdraw,
  amount,
  askToResume,
  type ChannelParty,
  type ClosingChannel,
  challenge,
  channelPartyCodec,
  decodeTrusted,
  draftChange,
  encodeParty,
  forceClose,
  grantResume,
  hasDraft,
  laneHead,
  leave,
  maySign,
  newParty,
  type ResumeAnswer,
  type Role,
  receiveUpdate,
  resumeDigest,
  takeResume,
  timestamp,
  withdrawalDigest,
} from '@tallystick/protocol'
import { laneOf, pendingItem, signedLane } from './closing-channel.js'
import {
  accepted,
  addItem,
  at,
  CHAIN,
  codeOf,
  itemId,
  NOW,
  preimage,
  redeemItem,
  SIGNERS,
  signed,
  TestPair,
  tick,
} from './test-channel.js'

const nonce = (name: number) => new Uint8Array(16).fill(name)

/** Both have paid; an item of each is pending. */
function busy(): TestPair {
  const pair = new TestPair()
  pair.pay('client', 1, 300n)
  pair.pay('hub', 2, 50n)
  pair.update('client', [addItem(3)])
  pair.update('hub', [addItem(4)])
  return pair
}

/** `role` has lost everything but its keys and asks, by request `name`. */
function lose(pair: TestPair, role: Role, name = 1, left = newParty(role, pair.hub.ledger)): void {
  pair[role] = accepted(askToResume(left, nonce(name), tick()))
}

function grant(pair: TestPair, by: Role, name = 1): ResumeAnswer {
  const { lostAt } = pair[by === 'client' ? 'hub' : 'client']
  const request = { nonce: nonce(name), lostAt }
  const granted = accepted(grantResume(CHAIN, pair[by], request, SIGNERS[by], tick()))
  pair[by] = granted.party
  return granted.answer
}

/** `role` loses what it has, goes on from what the other side gives it, and has that go on as well. */
function resumed(pair: TestPair, role: Role, name = 1, left?: ChannelParty): TestPair {
  const other = role === 'client' ? 'hub' : 'client'
  lose(pair, role, name, left)
  const answer = grant(pair, other, name)
  pair[role] = accepted(takeResume(CHAIN, pair[role], answer, NOW)).party
  pair[other] = accepted(askToResume(pair[other], nonce(name + 100), undefined))
  const back = grant(pair, role, name + 100)
  pair[other] = accepted(takeResume(CHAIN, pair[other], back, NOW)).party
  pair.update(other, [])
  return pair
}

describe('CH-18 a side that has lost data', () => {
  test('INV-16 signs nothing and takes nothing until it is told from where to go on', () => {
    const pair = busy()
    lose(pair, 'client', 1, pair.client)
    assert.equal(maySign(pair.client), false)
    assert.equal(hasDraft({ ...pair.client, ackDue: true }), false)
    assert.equal(codeOf(draftChange(pair.client, addItem(5), NOW)), 'channel_not_usable')
    const { update } = signed(pair.hub, [])
    assert.equal(codeOf(receiveUpdate(CHAIN, pair.client, update, NOW)), 'wrong_epoch')
    assert.equal(codeOf(askToResume(leave(pair.client), nonce(2), NOW)), 'channel_not_usable')
    const until = { clientPayout: amount(1n), validUntil: at(9), signature: new Uint8Array(64) }
    const agreed: ChannelParty = { ...pair.client, phase: { kind: 'agreed', ...until } }
    assert.ok(
      accepted(askToResume(agreed, nonce(2), NOW)).resuming,
      'CH-12 the agreement may lapse',
    )
  })

  for (const role of ['client', 'hub'] as const) {
    test(`a ${role} with its keys alone goes on paying and being paid, in a new epoch`, () => {
      const pair = busy()
      const [own, peer] = [pair[role].own, pair[role].peer]
      resumed(pair, role)
      const { own: ownAfter, peer: peerAfter, ownResume, grantedResume } = pair[role]
      assert.deepEqual(ownAfter, own)
      const first = { epoch: grantedResume?.point.epoch, resumeNonce: grantedResume?.point.nonce }
      assert.deepEqual(peerAfter, {
        ...peer,
        ...first,
        version: peer.version + 1,
        acked: own.version,
      })
      assert.ok(hasDraft(pair[role]), 'the other side is told that its resume was taken')
      pair.update(role, [addItem(5)])
      const other = role === 'client' ? 'hub' : 'client'
      pair.update(other, [addItem(6)])
      assert.equal(pair[other].peer.epoch, ownResume?.point.epoch)
      assert.equal(pair[other].peer.version, own.version + 1)
      assert.ok((ownResume?.point.epoch ?? 0) < (grantedResume?.point.epoch ?? 0))
      for (const party of [pair.client, pair.hub]) {
        const { draft: _, ...stored } = party
        assert.deepEqual(decodeTrusted(channelPartyCodec, encodeParty(party)), stored, 'INV-17')
      }
    })
  }

  test('again and again, and the other one as well', () => {
    const pair = resumed(resumed(resumed(busy(), 'client', 1), 'hub', 2), 'client', 3)
    pair.update('client', [addItem(5)])
    pair.update('hub', [addItem(6)])
    const before = [pair.hub.peer.epoch, pair.client.peer.epoch]
    resumed(pair, 'hub', 4)
    pair.update('hub', [addItem(7)])
    pair.update('client', [])
    const after = [pair.hub.peer.epoch, pair.client.peer.epoch]
    assert.ok(Math.min(...after) > Math.max(...before), `${before} ${after}`)
  })

  test('a cancelled item is released: the other side gives up what came before the base', () => {
    const pair = busy()
    pair.hub = {
      ...pair.hub,
      incoming: [{ id: itemId(3), known: undefined, onLedger: 0, declined: true }],
    }
    pair.update('client', [{ kind: 'cancel', id: itemId(3) }])
    lose(pair, 'client', 1, pair.client)
    const { party, released } = accepted(takeResume(CHAIN, pair.client, grant(pair, 'hub'), NOW))
    assert.deepEqual([released, party.cancelling], [[itemId(3)], []])
  })
})

describe('CH-18 a resume binds its payee', () => {
  for (const role of ['client', 'hub'] as const) {
    test(`INV-4 resume_base_too_old: what a ${role} was told is gone does not come back`, () => {
      const pair = busy()
      const other = role === 'client' ? 'hub' : 'client'
      const before = pair[other]
      pair.update(role, [addItem(5)])
      const after = pair[other]
      pair[other] = before
      lose(pair, role, 1, pair[role])
      const first = accepted(takeResume(CHAIN, pair[role], grant(pair, other), NOW))
      assert.deepEqual(first.released, [itemId(5)])
      const { grantedResume } = pair[other]
      pair[other] = { ...after, grantedResume }
      lose(pair, role, 2, first.party)
      const again = takeResume(CHAIN, pair[role], grant(pair, other, 2), NOW)
      assert.equal(codeOf(again), 'resume_base_too_old')
      pair[other] = { ...before, grantedResume }
      accepted(takeResume(CHAIN, pair[role], grant(pair, other, 2), NOW))
    })
  }

  test('INV-24 insolvent: what is being withdrawn cannot be promised by the lane that is shown', () => {
    const pair = new TestPair()
    const { ledger } = pair.hub
    const withdrawing = {
      ...({ role: 'client', withdrawn: amount(9_000n), validUntil: at(600) } as const),
      signature: new Uint8Array(64),
    }
    lose(pair, 'hub', 1, { ...newParty('hub', ledger), withdrawing })
    pair.client = { ...pair.client, own: laneOf({ version: 1, transferred: 2_000n }) }
    const answer = grant(pair, 'client')
    assert.equal(codeOf(takeResume(CHAIN, pair.hub, answer, NOW)), 'insolvent')
    const free = { ...pair.hub, withdrawing: undefined }
    accepted(takeResume(CHAIN, free, answer, NOW))
  })
})

describe('CH-18 what became of own items that are gone', () => {
  const released = (pair: TestPair, left: ChannelParty) => {
    lose(pair, 'client', 1, left)
    return accepted(takeResume(CHAIN, pair.client, grant(pair, 'hub'), NOW)).released
  }

  test('INV-26 one that the other side never held has ended unpaid', () => {
    const pair = busy()
    pair.update('client', [addItem(5)], { lost: true })
    assert.deepEqual(released(pair, pair.client), [itemId(5)])
  })

  test('INV-26 one that is gone from a newer base may have been paid', () => {
    const pair = busy()
    const old = pair.client
    pair.update('client', [redeemItem(3)])
    assert.deepEqual(released(pair, old), [])
  })

  test('INV-26 a cancelled one that somebody else took up again in a later epoch may have been paid', () => {
    const pair = busy()
    const declined = { id: itemId(3), known: undefined, onLedger: 0, declined: true }
    pair.hub = { ...pair.hub, incoming: [declined] }
    pair.update('client', [{ kind: 'cancel', id: itemId(3) }], { lost: true })
    const old = pair.client
    resumed(pair, 'client', 7)
    pair.update('client', [redeemItem(3)])
    assert.deepEqual(released(pair, old), [])
  })
})

describe('CH-18 CH-6.3 items that are held here must not be gone', () => {
  /** What the hub answers to a client that holds item 4 of it; `known`: with its link. */
  const held = (
    { known = false, declined = false },
    lane: Parameters<typeof laneOf>[0],
    now = NOW,
  ) => {
    const pair = busy()
    const link = { index: 1, link: preimage(4) }
    const note = { id: itemId(4), known: known ? link : undefined, onLedger: 0, declined }
    lose(pair, 'client', 1, { ...pair.client, incoming: [note] })
    const answer = { ...grant(pair, 'hub'), lane: signedLane(pair.hub.ledger, 'hub', laneOf(lane)) }
    return codeOf(takeResume(CHAIN, pair.client, answer, now))
  }

  test('INV-7 items_dropped: neither paid, declined nor expired', () => {
    assert.equal(held({}, { version: 9, transferred: 50n }), 'items_dropped')
    assert.equal(held({ known: true }, { version: 9, transferred: 149n }), 'items_dropped')
    assert.equal(held({}, { version: 9, transferred: 149n }, at(600)), 'items_dropped')
    const lower = [pendingItem(4, { unit: 99n })]
    assert.equal(held({}, { version: 9, transferred: 50n, items: lower }), 'items_dropped')
  })

  test('INV-6 what was paid, given up or ran out is gone rightly, and what is there is', () => {
    assert.equal(held({}, { version: 9, transferred: 150n }), undefined)
    assert.equal(held({ declined: true }, { version: 9, transferred: 50n }), undefined)
    assert.equal(held({}, { version: 9, transferred: 50n }, at(601)), undefined)
    assert.equal(held({}, { version: 9, transferred: 50n, items: [pendingItem(4)] }), undefined)
  })
})

describe('CH-18 grantResume', () => {
  test('INV-16 one resume per epoch: a request has one answer, another one the next epoch', () => {
    const pair = busy()
    const first = grant(pair, 'hub', 1)
    assert.deepEqual(grant(pair, 'hub', 1), first)
    const second = grant(pair, 'hub', 2)
    assert.ok(first.resume.point.epoch < second.resume.point.epoch)
    assert.deepEqual(second.resume.point.base, first.resume.point.base)
  })

  test('after it no proof of an earlier epoch is taken', () => {
    const pair = busy()
    grant(pair, 'hub')
    const { update } = signed(pair.client, [addItem(5)])
    assert.equal(codeOf(receiveUpdate(CHAIN, pair.hub, update, NOW)), 'wrong_epoch')
  })

  test('resume_used: a request that the lane has gone on from is not answered again', () => {
    const pair = resumed(busy(), 'client')
    pair.update('client', [])
    const request = { nonce: nonce(1), lostAt: undefined }
    assert.equal(codeOf(grantResume(CHAIN, pair.hub, request, SIGNERS.hub, NOW)), 'resume_used')
    assert.deepEqual(grant(pair, 'hub', 2).resume.point.nonce, nonce(2))
  })

  test('channel_not_usable: a side that is leaving, or has lost data itself', () => {
    const pair = busy()
    const code = (party: ChannelParty) =>
      codeOf(
        grantResume(CHAIN, party, { nonce: nonce(1), lostAt: undefined }, SIGNERS[party.role], NOW),
      )
    assert.equal(code(leave(pair.hub)), 'channel_not_usable')
    lose(pair, 'client')
    assert.equal(code(pair.client), 'channel_not_usable')
  })

  test('INV-24 withdrawal_pending: whoever lost data may not know of it', () => {
    const { hub } = busy()
    const { id: channel } = hub.ledger
    const withdrawal = {
      channel,
      role: 'client',
      withdrawn: amount(5n),
      validUntil: at(9),
    } as const
    const signature = SIGNERS.client.sign(withdrawalDigest(CHAIN, withdrawal))
    const bound = accepted(agreeToWithdraw(CHAIN, hub, { withdrawal, signature }, NOW))
    const request = { nonce: nonce(1), lostAt: undefined }
    assert.equal(codeOf(grantResume(CHAIN, bound, request, SIGNERS.hub, NOW)), 'withdrawal_pending')
  })
})

describe('CH-18 takeResume: rejections in checking order', () => {
  const pair = busy()
  const before = pair.client
  lose(pair, 'client')
  const lost = pair.client
  const good = grant(pair, 'hub')
  const again = (change: Partial<typeof good.resume.point>, answer = good): ResumeAnswer => {
    const point = { ...answer.resume.point, ...change }
    const digest = resumeDigest(CHAIN, lost.ledger, 'client', point)
    return { ...answer, resume: { point, signature: SIGNERS.hub.sign(digest) } }
  }
  const client = (setup: Parameters<typeof laneOf>[0]) =>
    signedLane(lost.ledger, 'client', laneOf(setup))
  const hub = (setup: Parameters<typeof laneOf>[0]) => signedLane(lost.ledger, 'hub', laneOf(setup))
  const from = (base: ReturnType<typeof client>, lane = good.lane) => {
    const { digest, version, acked, transferred } = laneHead(
      CHAIN,
      lost.ledger,
      'client',
      base.lane,
    )
    return again({ base: digest, version, acked, transferred }, { ...good, base, lane })
  }
  const forgedBase = {
    lane: laneOf({ version: 9, transferred: 9_000n }),
    evidence: hub({}).evidence,
  }
  const items = [1, 2, 3, 4, 5].map((name) => pendingItem(name))
  const huge = laneOf({
    version: 9,
    items: [1, 2].map((name) => pendingItem(name, { unit: AMOUNT_MAX })),
  })
  for (const [code, party, answer] of [
    ['channel_not_usable', leave(lost), good],
    ['resume_not_asked', before, good],
    ['resume_not_asked', lost, again({ nonce: nonce(7), epoch: 9 })],
    ['wrong_epoch', { ...lost, own: laneOf({ epoch: NOW }) }, { ...good, base: forgedBase }],
    ['wrong_epoch', { ...lost, lostAt: timestamp(good.resume.point.epoch) }, good],
    ['resume_too_soon', lost, again({ epoch: NOW + 1 })],
    [
      'bad_resume_signature',
      lost,
      { ...good, resume: { ...good.resume, signature: new Uint8Array(64) } },
    ],
    ['amount_out_of_range', lost, { ...good, lane: { ...hub({}), lane: huge } }],
    ['bad_proof_signature', lost, from(forgedBase)],
    ['bad_proof_signature', lost, { ...good, lane: { ...hub({}), lane: laneOf({ version: 8 }) } }],
    ['resume_mismatch', lost, again({ version: 9 })],
    ['resume_mismatch', lost, again({ transferred: amount(1n) })],
    ['resume_mismatch', lost, again({ acked: 9 })],
    ['resume_mismatch', lost, { ...good, base: client({ version: 2 }) }],
    [
      'resume_mismatch',
      lost,
      { ...good, lane: hub({ epoch: NOW, version: 9, resumeNonce: nonce(5) }) },
    ],
    ['resume_base_too_old', lost, from(client({ version: 2 }), hub({ version: 9, acked: 3 }))],
    [
      'resume_base_too_old',
      { ...before, resuming: nonce(1) },
      from(client({ version: 1 }), hub({ version: 9 })),
    ],
    ['peer_lost_data', { ...before, resuming: nonce(1) }, { ...good, lane: hub({ version: 2 }) }],
    ['peer_lost_data', lost, from(client({ version: 5, acked: 4 }), hub({ version: 3 }))],
    ['too_many_items', lost, { ...good, lane: hub({ version: 9, items }) }],
    ['insolvent', lost, from(client({ version: 5, transferred: 10_051n }))],
  ] as readonly (readonly [string, ChannelParty, ResumeAnswer])[]) {
    test(code, () => {
      assert.equal(codeOf(takeResume(CHAIN, party, answer, NOW)), code)
    })
  }

  test('the answer is taken once', () => {
    const { party } = accepted(takeResume(CHAIN, lost, good, NOW))
    assert.equal(codeOf(takeResume(CHAIN, party, good, NOW)), 'resume_not_asked')
  })
})

describe('DSP-10 in a dispute', () => {
  test('INV-9 proofs that were lost, and hidden by the other side, cannot be used by it', () => {
    const pair = busy()
    const before = pair.client
    pair.update('client', [addItem(5)], { lost: true })
    const hidden = signedLane(before.ledger, 'client', pair.client.own)
    resumed(pair, 'client')
    pair.update('client', [])
    const { own, peer, ledger, ownResume } = pair.client
    const by = { by: 'client', own, unsure: false, resume: ownResume } as const
    const chosen = signedLane(ledger, 'hub', peer)
    const closing = accepted(
      forceClose(CHAIN, ledger, { ...by, peer: chosen }, NOW),
    ) as ClosingChannel
    const shown = { proof: hidden, own: undefined, resume: undefined, guard: undefined }
    assert.equal(codeOf(challenge(CHAIN, closing, shown, NOW)), 'challenge_not_relevant')
  })
})
