import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BENCH = fileURLToPath(new URL('../../../scripts/dist/bench.js', import.meta.url))
const BENCHMARK = new URL('../bench/benchmark.js', import.meta.url).href

/** What comes of a benchmark that has measured 3 ms and reports `limits`. */
function reported(limits: object, ...options: readonly string[]) {
  const code = `import(${JSON.stringify(BENCHMARK)}).then(({ report }) => {
    report('test', { milliseconds: 3, limits: ${JSON.stringify(limits)} })
  })`
  const args = ['-e', code, '--', ...options]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { status, stdout }
}

describe('npm run bench', () => {
  for (const args of [
    ['merkle', '--scale', 'x'],
    ['merkle', '--scale', '0'],
    ['merkle', '--scale', '-1'],
    ['merkle', '--scale', '2'],
    ['merkle', '--scale', '1e-2'],
    ['merkle', '--scale', '0.0001'],
    ['merkle', '--scale'],
    ['merkle', '--scales', '1'],
    ['nothing'],
    [],
  ]) {
    test(`ends with 2, and measures nothing, when it is asked for '${args.join(' ')}'`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [BENCH, ...args], {
        encoding: 'utf8',
      })
      assert.equal(status, 2, stderr)
      assert.equal(stdout, '')
      assert.doesNotMatch(stderr, /NaN|TypeError/)
    })
  }
})

describe('a benchmark', () => {
  test('ends with 1 when a limit is missed, and with 0 when none is', () => {
    const met = reported({ milliseconds: '3 of 5', isMet: true })
    assert.deepEqual(met, {
      status: 0,
      stdout:
        'test\n  milliseconds                               3\n  limits\n' +
        '    milliseconds                             3 of 5\n' +
        '    isMet                                    true\n',
    })
    const missed = reported({ milliseconds: '3 of 2', isMet: false }, '--json')
    assert.deepEqual(missed, {
      status: 1,
      stdout:
        '{"benchmark":"test","milliseconds":3,"limits":{"milliseconds":"3 of 2","isMet":false}}\n',
    })
  })

  test('does not judge a part of the full size by the limits of all of it', () => {
    const part = reported({ milliseconds: '3 of 2', isMet: false }, '--scale', '0.5', '--json')
    assert.deepEqual(part, {
      status: 0,
      stdout:
        '{"benchmark":"test","milliseconds":3,"limits":{"milliseconds":"3 of 2","isMet":null}}\n',
    })
  })
})
