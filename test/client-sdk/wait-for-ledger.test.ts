import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LedgerError, waitForLedger } from '@tallystick/client-sdk'

const AWAY = new LedgerError({ code: 'ledger_unreachable', detail: 'away', retryable: true })
const WRONG = new LedgerError({ code: 'wrong_genesis', detail: 'another', retryable: false })

/** A ledger that is back after so many tries, and a clock that waits for nobody. */
function ledgerAfter(failures: number, error: unknown = AWAY) {
  let tries = 0
  const waits: number[] = []
  const troubles: number[] = []
  const ended = new AbortController()
  const work = async () => {
    tries++
    if (tries > failures) return tries
    throw error
  }
  const clock = {
    nowMs: () => 0,
    after: (ms: number, act: () => void) => {
      waits.push(ms)
      queueMicrotask(act)
      return () => undefined
    },
  }
  const onTrouble = () => void troubles.push(tries)
  const answer = () => waitForLedger(work, { clock, signal: ended.signal, onTrouble })
  return { answer, waits, troubles, ended }
}

describe('who waits for the ledger', () => {
  test('tries four times a second while it is away, and says so at once and then every 10 s', async () => {
    const { answer, waits, troubles } = ledgerAfter(85)
    assert.equal(await answer(), 86)
    assert.deepEqual(new Set(waits), new Set([250]))
    assert.deepEqual(troubles, [1, 41, 81])
  })

  test('is told at once of what does not pass by itself', async () => {
    for (const error of [WRONG, new TypeError('odd')]) {
      const { answer, waits } = ledgerAfter(1, error)
      await assert.rejects(answer(), error)
      assert.deepEqual(waits, [])
    }
  })

  test('may be told to stop', async () => {
    const { answer, ended, troubles } = ledgerAfter(1)
    ended.abort(new Error('stopped'))
    await assert.rejects(answer(), { message: 'stopped' })
    assert.deepEqual(troubles, [], 'nothing is tried any more')
  })
})
