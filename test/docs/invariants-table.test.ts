import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { citingTests, withTriedBy } from '#scripts/invariants/tried-by.js'

/** Seen from the compiled file. */
const DOCUMENT = new URL('../../../docs/security.md', import.meta.url)
const TESTS = fileURLToPath(new URL('../../../test', import.meta.url))

test('docs/security.md names the tests that try each invariant; `npm run invariants -- --write` renews it', () => {
  const document = readFileSync(DOCUMENT, 'utf8')
  const isCurrent = document === withTriedBy(document, citingTests(TESTS))
  assert.ok(isCurrent, 'run `npm run invariants -- --write`')
})
