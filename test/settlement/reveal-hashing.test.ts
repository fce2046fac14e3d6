import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { anchorOf, isRejection } from '@tallystick/protocol'
import { TransactionChecks } from '@tallystick/settlement'
import { RevealHashing } from '#settlement/node/reveal-hashing.js'
import { lastLink } from './test-channel.js'
import { ALICE, TestLedger } from './test-ledger.js'

const ledger = new TestLedger()

/** A transaction that reveals links so many steps above their anchors, and nothing else. */
function revealing(...indexes: readonly number[]) {
  const reveals = indexes.map((index, position) => ({ index, link: lastLink(position) }))
  const transaction = ledger.sign({ reveals, signers: [ALICE] })
  return { transaction, checks: new TransactionChecks(ledger.chainId, transaction) }
}

describe('INV-45 INV-38 long hash chains', () => {
  test('are followed to the anchors that the rules ask for', async () => {
    const { transaction, checks } = revealing(8_192, 1, 20_000, 8_193)
    const workMs = await new RevealHashing().follow(transaction, checks)
    assert.ok(typeof workMs === 'number' && workMs > 0)
    for (const [position, { link, index }] of transaction.body.reveals.entries()) {
      assert.equal(checks.anchorOf(position), anchorOf(link, index))
    }
  })

  test('that are shorter overtake longer ones, whenever they come', async () => {
    const hashing = new RevealHashing()
    const ended: string[] = []
    const follow = async (name: string, ...indexes: readonly number[]) => {
      const { transaction, checks } = revealing(...indexes)
      await hashing.follow(transaction, checks)
      ended.push(name)
    }
    const long = Array.from({ length: 5 }, (_, i) => follow(`long ${i}`, 60_000, 60_000))
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([...long, follow('short', 10_000)])
    assert.deepEqual(ended, ['short', 'long 0', 'long 1', 'long 2', 'long 3', 'long 4'])
  })

  test('of which too many wait send the longest away, not who comes last', async () => {
    const hashing = new RevealHashing()
    const long = revealing(9_000)
    const flood = Array.from({ length: 256 }, () => hashing.follow(long.transaction, long.checks))
    const short = revealing(8_193)
    assert.equal(typeof (await hashing.follow(short.transaction, short.checks)), 'number')
    const last = await flood[255]
    assert.ok(last !== undefined && typeof last !== 'number' && isRejection(last))
    assert.equal(last.code, 'node_busy')
  })

  test('are given up when the node stops, and none is begun any more', async () => {
    const hashing = new RevealHashing()
    const { transaction, checks } = revealing(...Array.from({ length: 60 }, () => 65_536))
    const waiting = [1, 2].map(() => hashing.follow(transaction, checks))
    await new Promise((resolve) => setImmediate(resolve))
    hashing.stop()
    for (const outcome of [...waiting, hashing.follow(transaction, checks)]) {
      const refused = await outcome
      assert.ok(typeof refused !== 'number')
      assert.deepEqual(
        [refused.code, refused.detail],
        ['node_busy', 'this node stops; hand it in again later'],
      )
    }
  })
})
