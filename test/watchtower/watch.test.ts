import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ClosingChannel,
  isRejection,
  parseHex,
  parseTransaction,
  type Transaction,
  timestamp,
  transactionId,
} from '@tallystick/protocol'
import { START } from '../client-sdk/ledger-world.js'
import { problem } from '../client-sdk/stub-ledger.js'
import { LOCK, TowerWorld, WINDOW_SECONDS } from './tower-world.js'

const at = (seconds: number) => timestamp(START + seconds)
const ALL = [0, 1, 2, 3, 4, 5]

function submitted(body: string): Transaction {
  const { transaction } = JSON.parse(body) as { readonly transaction: string }
  const parsed = parseTransaction(parseHex(transaction) ?? new Uint8Array())
  assert.ok(!isRejection(parsed))
  return parsed as Transaction
}

/** The channels that a submission challenges. */
function challengedBy(body: string): number[] {
  return submitted(body).body.operations.flatMap((operation) =>
    operation.kind === 'challenge' ? [operation.channel] : [],
  )
}

function refusal(status: number, code: string): Promise<Response> {
  return Promise.resolve(Response.json(problem(status, code, status >= 500).body, { status }))
}

describe('DSP-12 a tower and the blocks', () => {
  test('INV-9 INV-49 old states of many channels are answered within a block, then finalized, and the bounties are paid', async (t) => {
    const tower = await TowerWorld.open(t, ALL.length)
    const watch = await tower.watch()
    await tower.lie(at(10), ALL)
    await tower.until(() => tower.channelsOf('challenge').length === ALL.length)
    assert.deepEqual(tower.channelsOf('challenge'), ALL)
    tower.stub.produce(at(11))
    for (const number of ALL) {
      const { status } = tower.world.channel(number) as ClosingChannel
      assert.deepEqual([status.penalized, status.guardCloserLane?.lane.version], [true, 5])
    }
    // The last second of the window is not after it.
    tower.stub.produce(at(10 + WINDOW_SECONDS))
    tower.stub.produce(at(11 + WINDOW_SECONDS))
    await tower.until(() => tower.channelsOf('finalize').length === ALL.length)
    tower.stub.produce(at(12 + WINDOW_SECONDS))
    await tower.until(() => tower.channelsOf('over').length === ALL.length)
    assert.equal(watch.disputes, 0)
    const coins = tower.world.state.writes().flatMap(({ kind, value }) => {
      return kind === 'coin' && value?.lock === LOCK ? [value.amount] : []
    })
    // Half of the 60,000 that the hub had left.
    assert.equal(coins.filter((value) => value === 30_000n).length, ALL.length)
  })

  test('INV-41 INV-49 what came while the tower was away is found by proofs', async (t) => {
    const tower = await TowerWorld.open(t, ALL.length)
    await tower.lie(at(10), [1, 4])
    await tower.watch()
    await tower.until(() => tower.channelsOf('challenge').length >= 2)
    assert.deepEqual(tower.channelsOf('challenge'), [1, 4])
  })

  test('DSP-8 INV-49 a look that hangs and one that fails hold up no other', async (t) => {
    const tower = await TowerWorld.open(t, ALL.length)
    await tower.watch()
    let failures = 0
    tower.intercept = (path, _, signal) => {
      if (path === '/v1/channels/0') {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      }
      return path === '/v1/channels/1' && failures++ === 0 ? refusal(500, 'broken') : undefined
    }
    await tower.lie(at(10), ALL)
    await tower.until(() => tower.channelsOf('challenge').length >= 4)
    assert.deepEqual(tower.channelsOf('challenge'), [2, 3, 4, 5])
    assert.deepEqual(tower.channelsOf('look', 'broken'), [1])
    tower.stub.produce(at(11))
    await tower.until(() => tower.channelsOf('challenge').length >= 5)
    assert.deepEqual(tower.channelsOf('challenge'), [1, 2, 3, 4, 5])
  })

  test('DSP-8 INV-49 whoever spoils a transaction of many holds up nobody: the others go alone, at once', async (t) => {
    const tower = await TowerWorld.open(t, ALL.length)
    await tower.watch()
    tower.intercept = (path, body) =>
      path === '/v1/transactions' && body !== '' && challengedBy(body).includes(3)
        ? refusal(422, 'challenge_not_newer')
        : undefined
    await tower.lie(at(10), ALL)
    await tower.until(() => tower.channelsOf('challenge').length >= 5)
    assert.deepEqual(tower.channelsOf('challenge'), [0, 1, 2, 4, 5])
    // The one is tried again with the next block.
    tower.intercept = () => undefined
    tower.stub.produce(at(11))
    await tower.until(() => tower.channelsOf('challenge').length >= 6)
  })

  test('DSP-8 a challenge that is lost on its way is sent again after three blocks', async (t) => {
    const tower = await TowerWorld.open(t, 1)
    await tower.watch()
    let lost = 0
    tower.intercept = (path, body) => {
      if (path !== '/v1/transactions' || body === '' || lost++ > 0) return undefined
      // It is answered for, and never heard of again.
      const { chainId } = tower.world
      const id = transactionId(chainId, submitted(body).body)
      return Promise.resolve(Response.json({ id, status: 'pending' }, { status: 202 }))
    }
    await tower.lie(at(10), [0])
    await tower.until(() => tower.channelsOf('challenge').length >= 1)
    for (const seconds of [11, 12, 13, 14]) {
      tower.stub.produce(at(seconds))
      await tower.seen()
    }
    await tower.until(() => tower.channelsOf('challenge').length >= 2)
  })
})
