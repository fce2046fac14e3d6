import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openApiDocument } from '#settlement/api/openapi-document.js'

const DOCUMENT = new URL('../../../docs/ledger-openapi.json', import.meta.url)

test('API-2 docs/ledger-openapi.json is what a node serves (npm run openapi -- --write)', () => {
  const served = JSON.parse(JSON.stringify(openApiDocument())) as unknown
  assert.deepEqual(JSON.parse(readFileSync(DOCUMENT, 'utf8')), served)
})
