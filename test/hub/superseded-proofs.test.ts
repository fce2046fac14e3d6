import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  isPeerSigned,
  type LaneUpdate,
  newParty,
  positionOf,
  verifyEvidence,
} from '@tallystick/protocol'
import fc from 'fast-check'
import type { PeerEvent } from '#hub/core/hub-event.js'
import { HubOverlay } from '#hub/core/hub-view.js'
import { stepBatch } from '#hub/core/step-batch.js'
import { Pipeline } from '#hub/pipeline/pipeline.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import {
  at,
  CHAIN,
  itemId,
  NOW,
  SIGNERS,
  testChannel,
  testSigner,
} from '../protocol/test-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { HubWorld, POLICY, payment, sent, TestClient } from './hub-world.js'
import { verifyHere } from './verify-here.js'

const OWNER = { chainId: CHAIN, hub: SIGNERS.hub.publicKey }
const CLIENTS = 3

const said = (update: LaneUpdate): PeerEvent => ({ kind: 'update', update })

/** The same update under a signature that nobody made. */
function unsigned(update: LaneUpdate): LaneUpdate {
  return { ...update, evidence: { kind: 'single', signature: new Uint8Array(64).fill(1) } }
}

/** A batch against the world as it is, and how many signatures it asked for. */
function step(world: HubWorld, events: readonly PeerEvent[], isEach = false) {
  let checks = 0
  const overlay = new HubOverlay(world.state)
  world.state.preload([], new Set())
  const context = {
    ...{ chainId: CHAIN, policy: world.policy, now: world.now, signer: SIGNERS.hub },
    ...{ nonce: new Uint8Array(16).fill(9), restoredTime: undefined },
    verify: (...args: Parameters<typeof verifyEvidence>) => {
      checks++
      return verifyEvidence(...args)
    },
  }
  const stepped = stepBatch(overlay, events, context, () => isEach)
  return { ...stepped, overlay, checks }
}

function twoClients() {
  const world = new HubWorld([{}, {}])
  return { world, from: world.client(0), to: world.client(1) }
}

describe('CH-6.7 updates of one channel that are stored together', () => {
  test('need one check, that of the last, and come to what they come to each by each', () => {
    const { world, from, to } = twoClients()
    const events = [from.signs([payment(to, 1)]), from.signs([payment(to, 2)]), to.signs([])].map(
      said,
    )
    const together = step(world, events)
    const each = step(world, events, true)
    assert.deepEqual([together.checks, each.checks], [2, 3])
    assert.equal(together.unsigned.size, 0)
    assert.deepEqual(together.effects, each.effects)
    assert.deepEqual([...together.overlay.writes().channels], [...each.overlay.writes().channels])
  })

  test('are named when the last of them is not signed', () => {
    const { world, from, to } = twoClients()
    const events = [
      said(from.signs([payment(to, 1)])),
      said(unsigned(from.signs([]))),
      said(to.signs([])),
    ]
    assert.deepEqual([...step(world, events).unsigned], [from.signer.publicKey])
  })

  test('are checked by the last that was taken where later ones are refused', () => {
    const { world, from } = twoClients()
    const first = from.signs([])
    const gap = { ...from.signs([]), version: 9 }
    assert.equal(step(world, [said(first), said(gap)]).unsigned.size, 0)
    assert.equal(step(world, [said(unsigned(first)), said(gap)]).unsigned.size, 1)
  })

  test('cost no check where all of them are refused', () => {
    const { world, from } = twoClients()
    const gap = { ...unsigned(from.signs([])), version: 9 }
    const { checks, unsigned: named } = step(world, [said(gap)])
    assert.deepEqual([checks, named.size], [0, 0])
  })

  test('are a row of their own before whatever may begin another epoch', () => {
    const { world, from } = twoClients()
    const { identity: owner } = from
    const before = unsigned(from.signs([]))
    const attached = { kind: 'attached', owner, position: positionOf(from.party) } as const
    const events = [said(before), attached, said(from.signs([]))]
    assert.equal(step(world, events).unsigned.size, 1)
  })
})

test('CH-6.7 what was refused for want of what a liar took is looked at again, and the workers are asked for all of it', async (context) => {
  const dir = await temporaryFolder(context)
  const journal = await openSqliteJournal(join(dir, 'hub.db'), OWNER)
  const [liar, other, payee] = [0, 1, 2].map((i) => {
    const signer = testSigner(20 + i)
    const channel = testChannel({ number: i + 1, keys: { client: signer, hub: SIGNERS.hub } })
    return new TestClient(newParty('client', channel), signer, testSigner(60 + i).publicKey)
  })
  assert.ok(liar && other && payee)
  const heard: string[] = []
  const pipeline = new Pipeline({
    ...{ chainId: CHAIN, policy: POLICY, signer: SIGNERS.hub, journal },
    ...{ time: NOW, restoredTime: undefined },
    verify: async (checks) => checks.map(({ publicKey }) => publicKey === other.signer.publicKey),
    perform: (effect) => heard.push(...sent([effect])),
    onFault: (fault) => assert.fail(String(fault)),
    randomBytes: (length) => new Uint8Array(length).fill(7),
  })
  const clients = [liar, other, payee]
  const seen = clients.map(({ party }) => ({ kind: 'channelSeen', channel: party.ledger }) as const)
  await pipeline.ledger({ height: 1, time: at(0), events: seen })
  for (const { identity: owner, party } of clients) {
    await pipeline.peer({ kind: 'attached', owner, position: positionOf(party) })
  }
  const lie = unsigned(liar.signs([payment(payee, 1, { value: 9_500n, fee: 20n })]))
  // Nobody has signed it: only the workers say so.
  const first = unsigned(other.signs([payment(payee, 2)]))
  const second = other.signs([{ kind: 'cancel', id: itemId(2) }])
  heard.length = 0
  await Promise.all([lie, first, second].map((update) => pipeline.peer(said(update))))
  assert.deepEqual(heard, [
    ...['1:!bad_proof_signature', '2:stored', '2:!not_asked_to_cancel', '3:update'],
  ])
  await journal.close()
})

test('CH-6.7 INV-17 whatever is stored is signed, and a liar takes nobody with it, in whatever order all speak', async (context) => {
  const dir = await temporaryFolder(context)
  let files = 0
  const speech = fc.array(
    fc.record({ client: fc.nat(CLIENTS - 1), isSigned: fc.boolean(), pays: fc.boolean() }),
    { minLength: 3, maxLength: 24 },
  )
  await fc.assert(
    fc.asyncProperty(speech, async (words) => {
      const journal = await openSqliteJournal(join(dir, `${++files}.db`), OWNER)
      const clients = Array.from({ length: CLIENTS }, (_, i) => {
        const signer = testSigner(20 + i)
        const keys = { client: signer, hub: SIGNERS.hub }
        const channel = testChannel({ number: i + 1, keys })
        return new TestClient(newParty('client', channel), signer, testSigner(60 + i).publicKey)
      })
      const heard: string[] = []
      const pipeline = new Pipeline({
        ...{ chainId: CHAIN, policy: POLICY, signer: SIGNERS.hub, verify: verifyHere, journal },
        ...{ time: NOW, restoredTime: undefined },
        perform: (effect) => heard.push(...sent([effect])),
        onFault: (fault) => assert.fail(String(fault)),
        randomBytes: (length) => new Uint8Array(length).fill(7),
      })
      const seen = clients.map(
        ({ party }) => ({ kind: 'channelSeen', channel: party.ledger }) as const,
      )
      await pipeline.ledger({ height: 1, time: at(0), events: seen })
      for (const { identity: owner, party } of clients) {
        await pipeline.peer({ kind: 'attached', owner, position: positionOf(party) })
      }
      heard.length = 0
      const lied: boolean[][] = clients.map(() => [])
      const paying = new Set<number>()
      const events = words.map(({ client: number, isSigned, pays }, name) => {
        const client = clients[number] ?? assert.fail()
        const to = clients[(number + 1) % CLIENTS] ?? assert.fail()
        lied[number]?.push(!isSigned)
        // A lane of these terms holds few items.
        const isFirst = pays && !paying.has(number)
        if (isFirst) paying.add(number)
        const update = client.signs(isFirst ? [payment(to, name + 1)] : [])
        return said(isSigned ? update : unsigned(update))
      })
      await Promise.all(events.map((event) => pipeline.peer(event)))
      for (const [number, { channel }] of clients.entries()) {
        const { party } = journal.stored.state.channel(channel) ?? assert.fail()
        const lies = lied[number] ?? []
        const due = lies.at(-1) === true ? lies.indexOf(true) : lies.length
        assert.equal(party.peer.version, due, `client ${number} of ${JSON.stringify(lies)}`)
        assert.ok(due === 0 || isPeerSigned(CHAIN, party, verifyEvidence))
        const refusals = heard.filter((one) => one.startsWith(`${number + 1}:!bad_proof`))
        assert.equal(refusals.length > 0, due < lies.length)
      }
      await journal.close()
    }),
    { numRuns: 40 },
  )
})
