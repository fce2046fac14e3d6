import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { documents, ROOT } from './documents.js'

const PACKAGES = documents()
  .map(({ path }) => path.split('/'))
  .flatMap(([folder = '', file]) => (file === 'README.md' ? folder : []))
  .filter((folder) => existsSync(join(ROOT, folder, 'src')))

test('the README of a package names each folder of its sources', () => {
  const missing = PACKAGES.flatMap((folder) => {
    const text = readFileSync(join(ROOT, folder, 'README.md'), 'utf8')
    return readdirSync(join(ROOT, folder, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => !text.includes(`\`${name}\``) && !text.includes(`\`src/${name}\``))
      .map((name) => `${folder}/src/${name}`)
  })
  assert.ok(PACKAGES.length >= 7, PACKAGES.join())
  assert.deepEqual(missing, [])
})

test('every source file that a document names is there', () => {
  const folders = [...PACKAGES.map((folder) => `${folder}/src`), 'test', 'scripts']
  const sources = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
      (file) => `${folder}/${file}`,
    ),
  )
  const isThere = (path: string) => {
    const inPackage = path.replace(/^([\w-]+)\/(?!src\/)/, '$1/src/')
    return (
      existsSync(join(ROOT, path)) ||
      sources.some((source) => source === inPackage || source.endsWith(`/${path}`))
    )
  }
  const named = documents().flatMap(({ path, text }) =>
    [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, source = '']) => ({ path, source })),
  )
  assert.ok(named.length > 40, `${named.length} files are named`)
  assert.deepEqual(
    named.filter(({ source }) => !isThere(source)).map(({ path, source }) => `${path}: ${source}`),
    [],
  )
})
