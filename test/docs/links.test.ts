import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { documents, ROOT } from './documents.js'

const DOCUMENTS = documents()
const BLOCK = /^```[\s\S]*?^```$/gm

/** What a document says outside of its code. */
function prose(text: string): string {
  return text.replace(BLOCK, '').replace(/`[^`\n]*`/g, '`code`')
}

/** The names by which headings are linked to, as code forges make them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of text.replace(BLOCK, '').matchAll(/^#+ (.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    let name = slug
    for (let again = 1; found.has(name); again++) name = `${slug}-${again}`
    found.add(name)
  }
  return found
}

const ANCHORS = new Map(DOCUMENTS.map(({ path, text }) => [path, anchorsOf(text)]))

test('every link of a document leads to a file that is there, and to a heading of it', () => {
  let seen = 0
  const wrong = DOCUMENTS.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      seen++
      if (/^https:\/\//.test(target)) return []
      const [file = '', anchor] = target.split('#')
      const to = file === '' ? path : normalize(join(dirname(path), file))
      if (to.startsWith('..') || !existsSync(join(ROOT, to))) return [`${path}: ${target}`]
      if (anchor === undefined || ANCHORS.get(to)?.has(anchor)) return []
      return [`${path}: ${target} is no heading`]
    }),
  )
  assert.deepEqual(wrong, [])
  assert.ok(seen > 100, `${seen} links were found`)
})

test('every document is linked to from another one', () => {
  const linked = new Set(
    DOCUMENTS.flatMap(({ path, text }) =>
      [...prose(text).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
        .map(([, target = '']) => normalize(join(dirname(path), target)))
        .filter((to) => to !== path),
    ),
  )
  const alone = DOCUMENTS.map(({ path }) => path).filter((path) => !linked.has(path))
  assert.deepEqual(alone, ['README.md'])
})
