import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tellWrongUse } from '#scripts/wrong-use.js'
import { makePatchedBuild } from '../mutation/patched-build.js'
import { RULE_REMOVALS, type RuleRemoval } from './rule-removals.js'
import type { Found } from './search.js'

/*
 * `node run-removals.js [json] [name]…`: takes each rule, or these, out of the production code in
 * turn and explores again. Exits with 0 where each is missed, 1 where one is not, 2 where there is
 * no such rule.
 */

/** So long may one search take, milliseconds; one that takes longer has found nothing. */
const SEARCH_MS = 300_000

type Removed = {
  readonly name: string
  readonly rule: string
  readonly world: string
  readonly states: number
  readonly seconds: number
  /** What the explorer said; absent: it did not notice. */
  readonly message: string | undefined
}

const words = process.argv.slice(2)
const json = words.includes('json')
const wanted = words.filter((word) => word !== 'json')
const unknown = wanted.filter((word) => !RULE_REMOVALS.some(({ name }) => name === word))
if (unknown.length > 0) {
  const names = RULE_REMOVALS.map(({ name }) => name).join('\n  ')
  tellWrongUse(`there is no removal ${unknown.join(', ')}; there are\n  ${names}`, json)
  process.exit(2)
}
const removed: Removed[] = []
for (const removal of RULE_REMOVALS) {
  if (wanted.length > 0 && !wanted.includes(removal.name)) continue
  const result = await explorePatched(removal)
  removed.push(result)
  if (!json) process.stdout.write(`${lineOf(result)}\n`)
}
const survived = removed.filter(({ message }) => message === undefined)
if (json) process.stdout.write(`${JSON.stringify({ caught: survived.length === 0, removed })}\n`)
else process.stdout.write(`${removed.length - survived.length} of ${removed.length} caught\n`)
process.exit(survived.length === 0 ? 0 : 1)

async function explorePatched({ name, rule, edits, world }: RuleRemoval): Promise<Removed> {
  const started = performance.now()
  const build = makePatchedBuild(edits)
  try {
    const signatures = pathToFileURL(join(build.root, 'test/dist/explorer/symbolic-signatures.js'))
    const { stdout, stderr } = await build.run(
      'test/dist/explorer/run.js',
      ['small', 'json', world],
      { timeoutMs: SEARCH_MS, nodeOptions: ['--import', signatures.href] },
    )
    const found = foundIn(stdout)
    if (found === undefined)
      throw new Error(`${name}: the search did not end: ${stderr.slice(-500)}`)
    const seconds = Math.round((performance.now() - started) / 100) / 10
    const message = found.violation?.message.split('\n')[0]
    return { name, rule, world, states: found.states, seconds, message }
  } finally {
    build.remove()
  }
}

function foundIn(stdout: string): Found | undefined {
  if (stdout === '') return undefined
  const { worlds } = JSON.parse(stdout) as { readonly worlds: readonly Found[] }
  return worlds[0]
}

function lineOf({ name, rule, world, states, seconds, message }: Removed): string {
  const what = message === undefined ? 'SURVIVED' : 'caught'
  return `${what.padEnd(8)} ${name} (${rule}), ${world}: ${states} states, ${seconds} s: ${message ?? ''}`
}
