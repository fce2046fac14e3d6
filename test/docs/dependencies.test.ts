import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PACKAGES = [
  'protocol',
  'client-sdk',
  'daemon',
  'settlement',
  'hub',
  'watchtower',
  'merchant',
  'wallet',
  'docs/examples/shop',
]

type Manifest = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
const namesOf = (manifest: Manifest, ...fields: string[]) =>
  fields
    .flatMap((field) => Object.keys(manifest[field] ?? {}))
    .filter((name) => !name.startsWith('@tallystick/'))

test('docs/dependencies.md has one line for each dependency, which names who depends on it', () => {
  const text = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `([^`]+)`[^|]*\|([^|]*)\|/gm)].map(([, name, where]) => ({
    name: name ?? '',
    where: (where ?? '').split(/[,;]/).map((part) => part.trim()),
  }))
  const used = PACKAGES.flatMap((folder) =>
    namesOf(manifestOf(folder), 'dependencies', 'optionalDependencies').map((name) => ({
      name,
      folder,
    })),
  )
  const tools = namesOf(manifestOf('.'), 'devDependencies').map((name) =>
    name.startsWith('@types/') ? '@types/*' : name,
  )
  const due = new Set([...used.map(({ name }) => name), ...tools])
  assert.deepEqual(rows.map(({ name }) => name).sort(), [...due].sort())
  for (const { name, folder } of used) {
    const row = rows.find((other) => other.name === name)
    assert.ok(row?.where.includes(folder), `${name} is used by ${folder}`)
  }
})
