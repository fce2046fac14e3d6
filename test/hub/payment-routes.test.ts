import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { StoreFault } from '@tallystick/client-sdk'
import { toHex } from '@tallystick/protocol'
import type { Journal } from '#hub/store/journal.js'
import { NO_PAYMENTS, serveSockets } from './serve-sockets.js'

const TOKEN = new Uint8Array(32).fill(7)
const DAMAGED = new StoreFault('store_corrupt', 'hub.db: a row of payment is not what was written')

/** What is answered over books that are read so to who shows `token`, and what the hub must end for. */
async function listed(t: TestContext, finished: Journal['finished'], token = TOKEN) {
  const faults: unknown[] = []
  const onFault = (fault: unknown) => faults.push(fault)
  const sockets = { admits: () => false, onSocket: () => assert.fail('nobody is admitted') }
  const payments = { ...NO_PAYMENTS, finished, token: TOKEN, onFault }
  const url = await serveSockets(t, sockets, payments)
  const headers = { authorization: `Bearer ${toHex(token)}` }
  const response = await fetch(`${url}/v1/payments`, { headers })
  const { code, detail, retryable } = (await response.json()) as Record<string, unknown>
  return { answer: [response.status, code, retryable, detail], faults }
}

describe('HUB-12 books in which something is damaged', () => {
  test('INV-42 JRN-3 are named to the operator, and end the hub', async (t) => {
    const { answer, faults } = await listed(t, () => Promise.reject(DAMAGED))
    assert.deepEqual(answer, [500, 'journal_damaged', false, DAMAGED.message])
    assert.deepEqual(faults, [DAMAGED])
  })

  test('are not read for anybody else', async (t) => {
    const read = () => Promise.reject(DAMAGED)
    const { answer, faults } = await listed(t, read, new Uint8Array(32))
    assert.deepEqual(answer.slice(0, 2), [401, 'not_authorized'])
    assert.deepEqual(faults, [])
  })

  test('are not what a failure is that may pass', async (t) => {
    const failure = new StoreFault('store_failed', 'hub.db failed: the database is closed')
    const { answer, faults } = await listed(t, () => Promise.reject(failure))
    assert.deepEqual(answer.slice(0, 3), [500, 'internal_error', true])
    assert.deepEqual(faults, [])
  })
})
