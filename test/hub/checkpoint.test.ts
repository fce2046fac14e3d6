import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Checkpoint } from '#hub/store/checkpoint.js'

/** Pages of a million channels. */
const PAGES = 62_500
const MIB = 1_048_576
const PAGE_BYTES = 16_384

/** Always the same numbers below `count`, with no order in them. */
function numbersBelow(count: number): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}

/** What `commits` records of so many bytes, which change so many pages each, leave of the log. */
function logAfter(
  commits: number,
  { bytes, pages }: { readonly bytes: number; readonly pages: (commit: number) => number[] },
) {
  const checkpoint = new Checkpoint()
  let records = 0
  let longest = 0
  let mostPages = 0
  for (let sequence = 1; sequence <= commits; sequence++) {
    const part = checkpoint.next(0)
    checkpoint.written(part, PAGE_BYTES * part.pages.length)
    checkpoint.note({ sequence, bytes }, pages(sequence), [])
    records += 1 - part.records.length
    longest = Math.max(longest, records * bytes)
    mostPages = Math.max(mostPages, part.pages.length)
  }
  return { longest, mostPages }
}

describe('JRN-9 INV-48 a log is no longer than what comes in while its pages are written', () => {
  const next = numbersBelow(PAGES)
  const some = (count: number, below: number) => Array.from({ length: count }, () => next() % below)
  for (const [name, commits, bytes, pages, most] of [
    ['all of a million channels are in use', 300, 440_000, () => some(2_048, PAGES), 32],
    ['sixteen thousand of them are', 300, 440_000, () => some(1_000, 1_000), 32],
    ['two thousand of them are', 300, 100_000, () => some(100, 125), 16],
    ['sixteen of them are', 300, 100_000, () => [0], 8],
    [
      'all were, and sixteen thousand of them are',
      600,
      150_000,
      (commit: number) => (commit < 250 ? some(1_500, PAGES) : some(100, 1_000)),
      32,
    ],
  ] as const) {
    test(`where ${name}`, () => {
      const { longest, mostPages } = logAfter(commits, { bytes, pages })
      const mib = longest / MIB
      assert.ok(mib > most - 1 && mib <= most + 1, `${mib} MiB of log`)
      assert.ok(mostPages <= 1_024, `${mostPages} pages in one commit`)
    })
  }

  test('and pages are written before the channels that they have not are too many for memory', () => {
    const checkpoint = new Checkpoint()
    const pages = Array.from({ length: 5_000 }, (_, page) => page)
    checkpoint.note({ sequence: 1, bytes: 1_000 }, pages, [])
    assert.deepEqual(checkpoint.next(262_144).pages, [])
    assert.deepEqual(checkpoint.next(262_145).pages, pages.slice(0, 1_024))
  })
})
