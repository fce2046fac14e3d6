import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { WorkerGone, WorkerPool } from '#protocol/workers/worker-pool.js'

const SCRIPT = new URL('ending-worker.js', import.meta.url)

function poolOf(context: TestContext, workers: number): WorkerPool<string, string> {
  const pool = new WorkerPool<string, string>(SCRIPT, { workers })
  context.after(() => pool.stop())
  return pool
}

const GONE = { name: 'WorkerGone', code: 'worker_gone', message: /ended by itself, with code 3/ }

describe('INV-43 a worker that ends without a word', () => {
  test('fails what was asked of it, what waits behind it, and all that is asked later', async (context) => {
    const pool = poolOf(context, 1)
    assert.equal(await pool.ask('one'), 'one?')
    await Promise.all(
      ['end', 'two', 'three', 'four'].map((question) => assert.rejects(pool.ask(question), GONE)),
    )
    await assert.rejects(pool.ask('five'), GONE)
  })

  test('fails what its fellows were asked, too: nothing goes on without it', async (context) => {
    const pool = poolOf(context, 2)
    const asked = ['one', 'end', 'end'].map((question) => pool.ask(question))
    const [, ...ended] = await Promise.allSettled(asked)
    assert.deepEqual(
      ended.map((one) => one.status === 'rejected' && one.reason instanceof WorkerGone),
      [true, true],
    )
    await assert.rejects(pool.ask('two'), GONE)
  })
})

test('a pool that was stopped says so, and not that its workers are gone', async (context) => {
  const pool = poolOf(context, 2)
  await pool.stop()
  await assert.rejects(pool.ask('one'), { message: 'the worker pool was stopped' })
})

test('a pool stops whole though its workers still answer: the process does not end before', async () => {
  const pools = Array.from(
    { length: 20 },
    () => new WorkerPool<string, string>(SCRIPT, { workers: 2 }),
  )
  for (const pool of pools) {
    const asked = ['one', 'two', 'three'].map((question) => pool.ask(question))
    await asked[0]
    const [stopped] = await Promise.allSettled([pool.stop(), ...asked])
    assert.equal(stopped?.status, 'fulfilled')
  }
})
