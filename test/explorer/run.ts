import type { Scope } from './scopes.js'
import type { Found } from './search.js'
import { worldsOf } from './worlds.js'

/*
 * `node --import ./symbolic-signatures.js run.js <small|large> [json] [world]…`: explores these
 * worlds, or all, says what was found, and exits with 0 where everything holds, 1 where not.
 */

const [scope = 'small', ...words] = process.argv.slice(2)
const json = words.includes('json')
const wanted = words.filter((word) => word !== 'json')
/** More than any world here has: a search that stops at it says that it is not complete. */
const STATES_MAX = 5_000_000

const all = worldsOf(scope as Scope)
const unknown = wanted.filter((word) => !all.some(({ name }) => name === word))
if (unknown.length > 0) {
  const names = all.map(({ name }) => name).join('\n  ')
  process.stderr.write(`there is no world ${unknown.join(', ')}; there are\n  ${names}\n`)
  process.exit(2)
}
const worlds = all.filter(({ name, onlyLarge }) =>
  wanted.length > 0 ? wanted.includes(name) : scope === 'large' || !onlyLarge,
)
/** Between two lines about a search that goes on, milliseconds. */
const PROGRESS_MS = 10_000
const results: (Found & { readonly seconds: number; readonly asExpected: boolean })[] = []
for (const { name, about, known, explore } of worlds) {
  const started = process.cpuUsage()
  let said = performance.now()
  const onProgress = (states: number) => {
    if (json || performance.now() - said < PROGRESS_MS) return
    said = performance.now()
    process.stderr.write(`${name}: ${states} states, ${secondsSince(started)} s so far\n`)
  }
  const found = explore({ statesMax: STATES_MAX, onProgress })
  const seconds = secondsSince(started)
  // What is known has to be found: else the list of what is known is older than the code.
  const asExpected =
    known === undefined ? found.complete : found.violation?.message.startsWith(known) === true
  results.push({ ...found, seconds, asExpected })
  if (!json) process.stdout.write(`${lineOf(found, about, seconds, known)}\n`)
  if (!asExpected) break
}
const states = results.reduce((sum, found) => sum + found.states, 0)
const holds = results.length > 0 && results.every(({ asExpected }) => asExpected)
if (json) process.stdout.write(`${JSON.stringify({ scope, holds, states, worlds: results })}\n`)
else
  process.stdout.write(
    `${states} states in all; ${holds ? 'as it should be' : 'NOT as it should be'}\n`,
  )
process.exit(holds ? 0 : 1)

/** Of one core: how long it takes on a machine that has other things to do says little. */
function secondsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return Math.round((user + system) / 100_000) / 10
}

function lineOf(found: Found, about: string, seconds: number, known: string | undefined): string {
  const { world, states: visited, moves, depth, violation } = found
  const head = `${world.padEnd(26)} ${String(visited).padStart(7)} states, ${moves} moves, depth ${depth}, ${seconds} s: ${about}`
  if (violation === undefined) return head
  const verdict = known === undefined ? 'VIOLATION' : 'KNOWN VIOLATION'
  const trace = violation.trace.map((line) => `    ${line}`)
  return [head, `  ${verdict} ${violation.message}`, ...trace].join('\n')
}
