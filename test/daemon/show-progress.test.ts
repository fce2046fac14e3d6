import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { showProgress } from '@tallystick/daemon'

/** Of the terminal: the last one is left free, so that no line is broken. */
const COLUMNS = 13

/** What is said on standard error of work that takes so many seconds. */
async function saidOf(t: TestContext, seconds: number, isTTY: boolean): Promise<readonly string[]> {
  const said: string[] = []
  let now = 0
  const { isTTY: wasTTY, columns } = process.stderr
  t.after(() => Object.assign(process.stderr, { isTTY: wasTTY, columns }))
  Object.assign(process.stderr, { isTTY, columns: COLUMNS })
  t.mock.timers.enable({ apis: ['setInterval'] })
  t.mock.method(performance, 'now', () => now)
  const { mock } = t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0)
  let end: (answer: string) => void = () => undefined
  const shown = showProgress('reading', () => new Promise((resolve) => (end = resolve)))
  for (; now < 1_000 * seconds; t.mock.timers.tick(1_000)) now += 1_000
  end('read')
  assert.equal(await shown, 'read')
  t.mock.timers.tick(60_000)
  mock.restore()
  return said
}

describe('work of which a person should hear', () => {
  test('says nothing if it is done at once', async (t) => {
    assert.deepEqual(await saidOf(t, 0, true), [])
  })

  test('says every second where nobody watches, and after ten every ten', async (t) => {
    const lines = [...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 20].map((s) => `reading (${s} s)\n`)
    assert.deepEqual(await saidOf(t, 25, false), lines)
  })

  test('keeps one line of a terminal, no longer than that, and leaves none', async (t) => {
    const begin = '\r\x1b[K'
    assert.deepEqual(await saidOf(t, 2, true), [
      ...[`${begin}reading (1 s`, `${begin}reading (2 s`],
      begin,
    ])
  })
})
