import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** `npm test [-- WORD…]`: every compiled test file, or those whose path holds one of the words. */
const words = process.argv.slice(2)
const root = fileURLToPath(new URL('../../test/dist/', import.meta.url))
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && !file.startsWith('bench'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort()
  .map((file) => `${root}${file}`)
if (files.length === 0) {
  process.stderr.write(`no test file has ${words.join(' or ')} in its path\n`)
  process.exit(1)
}
// Of two cores Node would use one; and most tests wait for processes of their own, a part of the time.
const filesAtOnce = `--test-concurrency=${availableParallelism() + 1}`
const { status } = spawnSync(
  process.execPath,
  ['--test', filesAtOnce, '--test-reporter=spec', ...files],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
