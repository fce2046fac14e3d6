import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Entrusted,
  encodeTowerMessage,
  isRejection,
  newParty,
  parseTowerMessage,
  signTowerReceipt,
  type TowerMessageOf,
  type TowerRequest,
  timestamp,
  verifyTowerRequest,
} from '@tallystick/protocol'
import type { OpenSocket, SocketHandlers } from '#client-sdk/ledger/open-socket.js'
import { TowerLink } from '#client-sdk/tower/tower-link.js'
import { laneOf, signedLane } from '../protocol/closing-channel.js'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { CHANNEL, entrustedOf, POLICY, TOWER } from '../watchtower/test-entrusted.js'

/** A tower that answers what the test tells it to. */
class StubTower {
  readonly requests: TowerRequest[] = []
  connections = 0
  #handlers: SocketHandlers | undefined
  #waiting: (() => void)[] = []

  readonly openSocket: OpenSocket = (_url, handlers) => {
    this.connections++
    this.#handlers = handlers
    const nonce = new Uint8Array(32).fill(this.connections)
    const hello = { version: 1, chainId: CHAIN, tower: TOWER.publicKey, nonce, policy: POLICY }
    setImmediate(() => handlers.onMessage(encodeTowerMessage({ kind: 'hello', ...hello })))
    return {
      send: (bytes) => {
        const message = parseTowerMessage(bytes)
        assert.ok(!isRejection(message) && message.kind === 'request')
        assert.ok(verifyTowerRequest(hello, message, SIGNERS.client.publicKey))
        this.requests.push(message)
        for (const wake of this.#waiting.splice(0)) wake()
      },
      close: () => undefined,
      bufferedAmount: 0,
    }
  }

  async heard(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((wake) => this.#waiting.push(wake))
    }
  }

  /** The version of the hub's proof that request `index` entrusts. */
  versionOf(index: number): number | undefined {
    const action = this.requests[index]?.action
    return action?.kind === 'entrust' ? action.entrusted.proof?.lane.version : undefined
  }

  keep(index: number, signer = TOWER): void {
    const request = this.requests[index]
    assert.ok(request?.action.kind === 'entrust')
    const signed = signTowerReceipt(CHAIN, request.action.entrusted, NOW, signer)
    const kept = { ...signed, receipt: { ...signed.receipt, tower: TOWER.publicKey } }
    this.#say({ kind: 'kept', number: request.number, ...kept })
  }

  refuse(index: number, code: string, retryable: boolean): void {
    const { number = 0 } = this.requests[index] ?? {}
    this.#say({ kind: 'refused', number, code, detail: code, retryable })
  }

  give(index: number, entrusted: Entrusted): void {
    const { number = 0 } = this.requests[index] ?? {}
    this.#say({ kind: 'found', number, entrusted })
  }

  hangUp(): void {
    this.#handlers?.onClose({ code: 1006, text: 'cut' })
  }

  #say(message: TowerMessageOf<'kept' | 'refused' | 'found'>): void {
    this.#handlers?.onMessage(encodeTowerMessage(message))
  }
}

/** A link over one channel, on which the hub has signed `version`. */
function linkTo(tower: StubTower) {
  let version = 1
  const problems: string[] = []
  const newer: Entrusted[] = []
  const waiting: (() => void)[] = []
  const party = () => {
    const { lane, evidence } = signedLane(CHANNEL, 'hub', laneOf({ version }))
    return { ...newParty('client', CHANNEL), peer: lane, peerEvidence: evidence }
  }
  const wake = () => {
    for (const next of waiting.splice(0)) next()
  }
  const link = new TowerLink({
    address: {
      ...{ url: 'ws://tower', chainId: CHAIN, key: undefined },
      openSocket: tower.openSocket,
    },
    bountyPpm: undefined,
    now: () => timestamp(NOW),
    randomBytes: (length) => new Uint8Array(length),
    channels: () => [{ party: party(), signer: SIGNERS.client }],
    onGuarded: wake,
    onNewer: (entrusted) => {
      newer.push(entrusted)
      wake()
    },
    onProblem: (code) => {
      problems.push(code)
      wake()
    },
  })
  return {
    ...{ link, problems, newer },
    guard: () => link.guard(party()),
    update: () => {
      version++
      link.look()
    },
    told: () => new Promise<void>((next) => waiting.push(next)),
  }
}

describe('TOWER-8 an owner keeps its tower at the newest', () => {
  test('one request at a time, and of all that came meanwhile the newest alone', async (t) => {
    const tower = new StubTower()
    const { link, guard, update, told } = linkTo(tower)
    t.after(() => link.stop())
    link.look()
    await tower.heard(1)
    for (let i = 0; i < 5; i++) update()
    assert.deepEqual([tower.requests.length, guard().isNewest], [1, false])
    const first = told()
    tower.keep(0)
    await first
    assert.deepEqual([guard().upTo?.proof?.version, guard().isNewest], [1, false])
    await tower.heard(2)
    assert.equal(tower.versionOf(1), 6)
    const second = told()
    tower.keep(1)
    await second
    assert.deepEqual([guard().upTo?.proof?.version, guard().isNewest], [6, true])
    assert.equal(guard().key, TOWER.publicKey)
    assert.equal(tower.requests.length, 2)
  })

  test('what a connection lost, or a tower had no room for, is said again', async (t) => {
    const tower = new StubTower()
    const { link, guard, told, problems } = linkTo(tower)
    t.after(() => link.stop())
    link.look()
    await tower.heard(1)
    tower.hangUp()
    await tower.heard(2)
    assert.equal(tower.connections, 2)
    tower.refuse(1, 'tower_full', true)
    await tower.heard(3)
    const guarded = told()
    tower.keep(2)
    await guarded
    assert.deepEqual([guard().isNewest, problems], [true, []])
  })

  test('a tower that comes back is handed the newest again: it may be one that was restored', async (t) => {
    const tower = new StubTower()
    const { link, guard, told, problems } = linkTo(tower)
    t.after(() => link.stop())
    link.look()
    await tower.heard(1)
    const first = told()
    tower.keep(0)
    await first
    tower.hangUp()
    // With the next block, which changes nothing.
    link.look()
    await tower.heard(2)
    assert.deepEqual([tower.connections, tower.versionOf(1)], [2, 1])
    const again = told()
    tower.keep(1)
    await again
    link.look()
    assert.deepEqual([guard().isNewest, tower.requests.length, problems], [true, 2, []])
  })

  test('what is refused for good is told, and not said again before there is something newer', async (t) => {
    const tower = new StubTower()
    const { link, guard, update, told, problems } = linkTo(tower)
    t.after(() => link.stop())
    link.look()
    await tower.heard(1)
    const refused = told()
    tower.refuse(0, 'bounty_too_low', false)
    await refused
    assert.deepEqual([problems, guard().isNewest], [['bounty_too_low'], false])
    update()
    await tower.heard(2)
    assert.deepEqual([tower.versionOf(0), tower.versionOf(1)], [1, 2])
  })

  test('INV-42 what it keeps that is newer is asked for, and handed to the owner if both sides signed it', async (t) => {
    const tower = new StubTower()
    const { link, told, problems, newer } = linkTo(tower)
    t.after(() => link.stop())
    link.look()
    await tower.heard(1)
    tower.refuse(0, 'entrusted_older', false)
    await tower.heard(2)
    assert.equal(tower.requests[1]?.action.kind, 'fetch')
    const signed = told()
    tower.give(1, entrustedOf())
    await signed
    assert.deepEqual([problems, newer], [['entrusted_older'], [entrustedOf()]])
  })

  test('INV-20 a receipt that the tower did not sign guards nothing', async (t) => {
    const tower = new StubTower()
    const { link, guard, told, problems } = linkTo(tower)
    t.after(() => link.stop())
    link.look()
    await tower.heard(1)
    const wrong = told()
    tower.keep(0, SIGNERS.hub)
    await wrong
    assert.deepEqual([problems, guard().upTo], [['tower_answer_malformed'], undefined])
    // It is asked again, over another connection.
    await tower.heard(2)
    assert.equal(tower.connections, 2)
  })
})
