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

const worlds = worldsOf(scope as Scope).filter(
  ({ name }) => wanted.length === 0 || wanted.includes(name),
)
const results: (Found & { readonly seconds: number })[] = []
for (const { name, about, explore } of worlds) {
  const started = performance.now()
  const onProgress = (states: number) => {
    if (!json && process.stderr.isTTY) process.stderr.write(`\r${name}: ${states} states`)
  }
  const found = explore({ statesMax: STATES_MAX, onProgress })
  const seconds = Math.round((performance.now() - started) / 100) / 10
  results.push({ ...found, seconds })
  if (!json) process.stdout.write(`${lineOf(found, about, seconds)}\n`)
  if (found.violation !== undefined) break
}
const states = results.reduce((sum, found) => sum + found.states, 0)
const holds = results.length > 0 && results.every((found) => found.complete)
if (json) process.stdout.write(`${JSON.stringify({ scope, holds, states, worlds: results })}\n`)
else
  process.stdout.write(
    `${states} states in all; ${holds ? 'everything holds' : 'NOT everything holds'}\n`,
  )
process.exit(holds ? 0 : 1)

function lineOf(found: Found, about: string, seconds: number): string {
  const { world, states: visited, moves, depth, violation } = found
  const head = `${world.padEnd(26)} ${String(visited).padStart(7)} states, ${moves} moves, depth ${depth}, ${seconds} s: ${about}`
  if (violation === undefined) return head
  return [
    head,
    `  VIOLATION ${violation.message}`,
    ...violation.trace.map((line) => `    ${line}`),
  ].join('\n')
}
