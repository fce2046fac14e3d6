import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'

const DAEMON = import.meta.resolve('@tallystick/daemon')

/** A server of a few lines, which says `ready` and what becomes of it; resolves with that, and its exit code. */
async function ended(server: string, ask: (child: ChildProcess) => void) {
  const script = `
    import { stopWhenAsked } from ${JSON.stringify(DAEMON)}
    const say = (word) => process.stdout.write(word + '\\n')
    setInterval(() => undefined, 1_000)
    ${server}
    say('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout?.on('data', (piece) => {
    said += String(piece)
    if (said.endsWith('ready\n')) ask(child)
  })
  const [status, signal] = await once(child, 'close')
  return { said: said.split('\n').slice(1, -1), status, signal }
}

const STANDS = `stops(async () => say('stopped'))`
const QUIET = `const stops = stopWhenAsked(false, () => process.exit(9));`

describe('a server that is asked to stop', () => {
  test('stops what stands and ends with 0, whichever signal asks', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const end = await ended(QUIET + STANDS, (child) => child.kill(signal))
      assert.deepEqual(end, { said: ['stopped'], status: 0, signal: null })
    }
  })

  test('ends with what was told before, where something has failed meanwhile', async () => {
    const failed = `${QUIET + STANDS}; process.exitCode = 1`
    const end = await ended(failed, (child) => child.kill('SIGTERM'))
    assert.deepEqual(end, { said: ['stopped'], status: 1, signal: null })
  })

  test('just ends where nothing stands yet', async () => {
    const end = await ended(QUIET, (child) => child.kill('SIGTERM'))
    assert.deepEqual(end, { said: [], status: 0, signal: null })
  })

  test('does so at the end of its input if it was told to, and else goes on without one', async () => {
    const told = QUIET.replace('false', 'true') + STANDS
    const end = await ended(told, (child) => child.stdin?.end())
    assert.deepEqual(end, { said: ['stopped'], status: 0, signal: null })
    const deaf = await ended(QUIET + STANDS, (child) => {
      child.stdin?.end(() => child.kill('SIGKILL'))
    })
    assert.deepEqual(deaf, { said: [], status: null, signal: 'SIGKILL' })
  })

  test('stops once when both ask, and does not wait when a signal asks twice', async () => {
    const slow = `${QUIET.replace('false', 'true')} stops(async () => { say('stopping'); await new Promise(() => undefined) })`
    const end = await ended(slow, (child) => {
      child.stdout?.on('data', (piece) => {
        if (String(piece).includes('stopping')) {
          child.stdin?.end(() => child.kill('SIGTERM'))
        }
      })
      child.kill('SIGTERM')
    })
    assert.deepEqual(end, { said: ['stopping'], status: null, signal: 'SIGTERM' })
  })

  test('tells why it cannot', async () => {
    const end = await ended(`${QUIET} stops(() => Promise.reject(new Error('no')))`, (child) =>
      child.kill('SIGTERM'),
    )
    assert.deepEqual(end, { said: [], status: 9, signal: null })
  })
})
