import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documents } from './documents.js'

const BLOCK = /^```[\s\S]*?^```$/gm

/** The cells of a row; a pipe behind a backslash parts none. */
function cellsOf(row: string): number {
  return row.replaceAll('\\|', '').split('|').length - 2
}

/** Rows that a line break has cut, or that have more or fewer cells than the head of their table. */
function brokenRows(text: string): readonly string[] {
  const lines = text.replace(BLOCK, '').split('\n')
  return lines.filter((line, i) => {
    const above = lines[i - 1] ?? ''
    if (!line.startsWith('|')) return above.startsWith('|') && line.trim() !== ''
    return !line.endsWith('|') || (above.startsWith('|') && cellsOf(line) !== cellsOf(above))
  })
}

test('every table of a document has rows of one line, with as many cells as its head', () => {
  const broken = documents().flatMap(({ path, text }) =>
    brokenRows(text).map((row) => `${path}: ${row.slice(0, 80)}`),
  )
  assert.deepEqual(broken, [])
})
