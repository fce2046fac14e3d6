import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const SOURCES = [
  'protocol/src',
  'client-sdk/src',
  'hub/src',
  'watchtower/src',
  'settlement/src',
  'merchant/src',
  'scripts',
  'test',
]
const FAMILIES =
  'ENC|HASH|SIG|KEY|MON|COST|LOCK|MRK|STATE|GEN|BLK|TIME|TX|OP|REV|CH|DSP|HUB|WIRE|INVOICE|INV|API|LIM|LED|MEM|PAR|UPG|HIST|JRN|WEB|TOWER|BAK|OFFER|MAIL|STREAM|HTTP402|PAY|RECEIPT|ACCOUNT|HOOK|BOOKS'

/** A rule by its number, or with a star a whole family of them. */
const CITATION = new RegExp(`\\b(?:${FAMILIES})-(?:\\*|[0-9]+(?:\\.[0-9]+)?)`, 'g')
/** An id in bold at the start of a paragraph, a list item or a table row. */
const DEFINITION = new RegExp(
  `^(?:[-*] |[0-9]+\\. |\\| )?\\*\\*((?:${FAMILIES})-[0-9.]+)\\*\\*`,
  'gm',
)

/** `INV-n` is invariant n of docs/security.md; every other id is a rule of docs/protocol.md. */
function definitions(): string[] {
  return ['docs/protocol.md', 'docs/security.md'].flatMap((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8')
    const isInvariant = (id: string) => id.startsWith('INV-')
    return [...text.matchAll(DEFINITION)]
      .map(([, id]) => id ?? '')
      .filter((id) => isInvariant(id) === path.endsWith('security.md'))
  })
}

/** Where each id is cited, `path:line`. */
function citations(): Map<string, string> {
  const found = new Map<string, string>()
  for (const folder of SOURCES) {
    for (const path of sourcesIn(folder)) {
      for (const [i, line] of readFileSync(join(ROOT, path), 'utf8').split('\n').entries()) {
        for (const [id] of line.matchAll(CITATION)) found.set(id, `${path}:${i + 1}`)
      }
    }
  }
  return found
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return entry.name === 'dist' ? [] : sourcesIn(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

describe('the rules that sources and tests cite', () => {
  test('are all defined', () => {
    const defined = definitions()
    const isDefined = (id: string) =>
      id.endsWith('*')
        ? defined.some((rule) => rule.startsWith(id.slice(0, -1)))
        : defined.includes(id)
    const missing = [...citations()].filter(([id]) => !isDefined(id))
    assert.deepEqual(missing, [])
  })

  test('are defined once each', () => {
    const defined = definitions()
    assert.deepEqual(
      defined.filter((id, i) => defined.indexOf(id) !== i),
      [],
    )
  })
})
