import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { renderLayouts, withLayouts } from '#scripts/layouts/render-layouts.js'

/** Seen from the compiled file. */
const DOCUMENT = new URL('../../../docs/protocol.md', import.meta.url)

describe('the byte layouts of docs/protocol.md', () => {
  test('ENC-1 are those that the codecs write; `npm run layouts -- --write` renews them', () => {
    const document = readFileSync(DOCUMENT, 'utf8')
    assert.equal(document, withLayouts(document, renderLayouts()))
  })
})
