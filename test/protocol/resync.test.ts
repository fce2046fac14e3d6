import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amount, declineItem, learnLink, positionOf, resync } from '@tallystick/protocol'
import {
  accepted,
  addItem,
  at,
  codeOf,
  itemId,
  preimage,
  redeemItem,
  startPosition,
  TestPair,
} from './test-channel.js'

/** The client has signed three versions; the hub holds the first and has signed one. */
function torn(): TestPair {
  const pair = new TestPair()
  pair.update('client', [addItem(1)])
  pair.update('client', [addItem(2)], { lost: true })
  pair.update('client', [redeemItem(1)], { lost: true })
  pair.update('hub', [addItem(7)])
  return pair
}
const versions = (list: readonly { readonly version: number }[]) =>
  list.map(({ version }) => version)

describe('CH-11 resync', () => {
  test('what the peer misses is sent again, in order and with the same content', () => {
    const { client, hub } = torn()
    assert.deepEqual(positionOf(hub), { ...startPosition(hub.ledger.id), own: 1, held: 1 })
    const synced = accepted(resync(client, positionOf(hub)))
    assert.ok(synced.kind === 'resync')
    assert.deepEqual(versions(synced.updates), [2, 3])
    assert.deepEqual(synced.updates, client.unconfirmed.slice(1))
    assert.deepEqual(synced.party.unconfirmed, synced.updates)
    const again = accepted(resync(synced.party, positionOf(hub)))
    assert.deepEqual(again, synced)
  })

  test('INV-26 the repeated updates bring the peer to the same state, once', () => {
    const pair = torn()
    const { updates } = accepted(resync(pair.client, positionOf(pair.hub)))
    for (const update of updates) pair.take('hub', update, at(5_000))
    assert.deepEqual(pair.hub.peer, pair.client.own)
    const synced = accepted(resync(pair.client, positionOf(pair.hub)))
    assert.deepEqual(synced.updates, [])
  })

  for (const [held, code] of [
    [0, undefined],
    [3, undefined],
    [4, 'peer_is_ahead'],
  ] as const) {
    test(`INV-16 the peer holds version ${held} of three: ${code ?? 'in order'}`, () => {
      const { client, hub } = torn()
      assert.equal(codeOf(resync(client, { ...positionOf(hub), held })), code)
    })
  }

  test('peer_lost_data: it holds less than it confirmed, or signed less than is held', () => {
    const { client, hub } = torn()
    const confirmed = accepted(resync(client, { ...positionOf(hub), held: 2 })).party
    assert.equal(codeOf(resync(confirmed, { ...positionOf(hub), held: 2 })), undefined)
    assert.equal(codeOf(resync(confirmed, { ...positionOf(hub), held: 1 })), 'peer_lost_data')
    const all = accepted(resync(client, { ...positionOf(hub), held: 3 })).party
    assert.equal(codeOf(resync(all, { ...positionOf(hub), held: 3 })), undefined)
    assert.equal(codeOf(resync(all, { ...positionOf(hub), held: 2 })), 'peer_lost_data')
    assert.equal(codeOf(resync(client, { ...positionOf(hub), own: 0 })), 'peer_lost_data')
  })

  test('peer_is_ahead comes first: what was lost here is worse than what was lost there', () => {
    const { client, hub } = torn()
    const both = { ...positionOf(hub), held: 9, own: 0 }
    assert.equal(codeOf(resync(client, both)), 'peer_is_ahead')
  })

  test('peer_is_ahead: the peer was told that we hold more than we do', () => {
    const { client, hub } = torn()
    assert.equal(codeOf(resync(client, { ...positionOf(hub), confirmed: 1 })), undefined)
    assert.equal(codeOf(resync(client, { ...positionOf(hub), confirmed: 2 })), 'peer_is_ahead')
  })

  describe('CH-18 a lane that has gone on from a resume', () => {
    const named = (epoch: number, byte = 1) => ({ epoch, nonce: new Uint8Array(16).fill(byte) })
    const { client, hub } = torn()
    const { ownResume: _, ...rest } = positionOf(hub)
    const point = {
      ...named(2),
      base: new Uint8Array(32),
      version: 1,
      acked: 0,
      transferred: amount(0n),
    }
    const resume = { point, signature: new Uint8Array(64) }
    const own = { ...client, ownResume: resume }
    const granted = { ...client, grantedResume: resume }
    for (const [name, party, ownResume, heldResume, code] of [
      ['our lane: both know the same', own, undefined, named(2), undefined],
      ['our lane: another device has resumed it', own, undefined, named(3), 'peer_is_ahead'],
      [
        'our lane: another device was given the same epoch',
        own,
        undefined,
        named(2, 7),
        'peer_is_ahead',
      ],
      ['our lane: the peer has forgotten its word', own, undefined, named(1), 'peer_lost_data'],
      ['our lane: the peer has forgotten all of it', own, undefined, undefined, 'peer_lost_data'],
      ['its lane: both know the same', granted, named(2), undefined, undefined],
      ['its lane: we have forgotten our word', granted, named(3), undefined, 'peer_is_ahead'],
      [
        'its lane: another device of it has resumed',
        granted,
        named(1),
        undefined,
        'peer_lost_data',
      ],
      ['its lane: it has never heard of it', granted, undefined, undefined, 'peer_lost_data'],
      [
        'its lane: it follows another of this epoch',
        granted,
        named(2, 7),
        undefined,
        'peer_lost_data',
      ],
    ] as const) {
      test(`INV-16 ${name}`, () => {
        assert.equal(codeOf(resync(party, { ...rest, ownResume, heldResume })), code)
      })
    }

    test('who asks for a resume is not held to what it has forgotten, but proves what we have', () => {
      const resuming = new Uint8Array(16)
      const asks = { ...positionOf(hub), own: 0, held: 0, resuming }
      const { party } = accepted(resync(client, { ...positionOf(hub), held: 3 }))
      assert.equal(codeOf(resync(party, asks)), undefined)
      assert.equal(codeOf(resync(party, { ...asks, held: 4 })), 'peer_is_ahead')
      const { confirmed } = positionOf({ ...party, resuming })
      assert.equal(confirmed, 0)
    })
  })

  test('claims and declines that stand are said again, those of gone items are not', () => {
    const pair = new TestPair()
    pair.update('client', [addItem(1), addItem(2), addItem(3)])
    const known = { index: 1, link: preimage(1) }
    pair.hub = accepted(learnLink(pair.hub, itemId(1), known))
    pair.hub = accepted(declineItem(pair.hub, itemId(2)))
    const channel = pair.hub.ledger.id
    const synced = accepted(resync(pair.hub, positionOf(pair.client)))
    assert.deepEqual(synced.claims, [{ channel, id: itemId(1), known }])
    assert.deepEqual(synced.declines, [{ channel, id: itemId(2), code: 'declined' }])
    pair.update('client', [redeemItem(1), { kind: 'cancel', id: itemId(2) }])
    const later = accepted(resync(pair.hub, positionOf(pair.client)))
    assert.deepEqual([later.claims, later.declines], [[], []])
  })
})
