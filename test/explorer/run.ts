import { tellWrongUse } from '#scripts/wrong-use.js'
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
  tellWrongUse(`there is no world ${unknown.join(', ')}; there are\n  ${names}`, json)
  process.exit(2)
}
const worlds = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name))
/** Between two lines about a search that goes on, milliseconds. */
const PROGRESS_MS = 10_000
const results: (Found & { readonly seconds: number })[] = []
for (const { name, about, explore } of worlds) {
  const started = process.cpuUsage()
  let said = performance.now()
  const onProgress = (states: number) => {
    if (json || performance.now() - said < PROGRESS_MS) return
    said = performance.now()
    process.stderr.write(`${name}: ${states} states, ${secondsSince(started)} s so far\n`)
  }
  const found = explore({ statesMax: STATES_MAX, onProgress })
  const seconds = secondsSince(started)
  results.push({ ...found, seconds })
  if (!json) process.stdout.write(`${lineOf(found, about, seconds)}\n`)
  if (!found.complete) break
}
const states = results.reduce((sum, found) => sum + found.states, 0)
const holds = results.every(({ complete }) => complete)
if (json) process.stdout.write(`${JSON.stringify({ scope, holds, states, worlds: results })}\n`)
else
  process.stdout.write(`${states} states in all; ${holds ? 'everything holds' : 'NOT all holds'}\n`)
process.exit(holds ? 0 : 1)

/** Of one core: how long it takes on a machine that has other things to do says little. */
function secondsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return Math.round((user + system) / 100_000) / 10
}

function lineOf(found: Found, about: string, seconds: number): string {
  const { world, states: visited, moves, depth, violation } = found
  const head = `${world.padEnd(26)} ${String(visited).padStart(7)} states, ${moves} moves, depth ${depth}, ${seconds} s: ${about}`
  if (violation === undefined) return head
  const trace = violation.trace.map((line) => `    ${line}`)
  return [head, `  VIOLATION ${violation.message}`, ...trace].join('\n')
}
