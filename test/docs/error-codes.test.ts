import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Sources whose refusals reach the other side; a program's own faults are not among them. */
const SOURCES = [
  'protocol/src',
  'settlement/src/core',
  'settlement/src/api',
  'hub/src',
  'watchtower/src',
  'merchant/src',
]

/** A refusal: `reject('code'`, or a problem or a message with a `code: 'code'`. */
const REFUSAL = /(?:\breject\(|\bcode:)\s*'([a-z_]+)'/g
const ROW = /^\| `([a-z_]+)` \|/gm

function refusals(): Map<string, string> {
  const found = new Map<string, string>()
  for (const folder of SOURCES) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      // What a command line says to its own user is a program's own.
      if (!entry.endsWith('.ts') || entry.startsWith('cli/')) continue
      const text = readFileSync(join(ROOT, folder, entry), 'utf8')
      for (const [, code = ''] of text.matchAll(REFUSAL)) found.set(code, `${folder}/${entry}`)
    }
  }
  return found
}

test('every code that is sent to anybody has one row in the table of error codes', () => {
  const text = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8')
  const table = text.slice(text.indexOf('## 18. Error codes'), text.indexOf('## 19.'))
  const rows = [...table.matchAll(ROW)].map(([, code]) => code ?? '')
  assert.deepEqual(
    rows.filter((code, i) => rows.indexOf(code) !== i),
    [],
  )
  const missing = [...refusals()].filter(([code]) => !rows.includes(code))
  assert.deepEqual(missing, [])
})
