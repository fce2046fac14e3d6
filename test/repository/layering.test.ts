import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const SDK = ['@tallystick/client-sdk', '@tallystick/client-sdk/node'] as const
const DAEMON = ['@tallystick/daemon', '@tallystick/daemon/http'] as const

/** Design §2: who may import whom. Nobody imports another program but tests and scripts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  'client-sdk': ['@tallystick/protocol'],
  daemon: [],
  settlement: ['@tallystick/protocol', '@tallystick/protocol/workers', ...DAEMON],
  hub: ['@tallystick/protocol', '@tallystick/protocol/workers', ...SDK, ...DAEMON],
  watchtower: ['@tallystick/protocol', ...SDK, ...DAEMON],
  wallet: ['@tallystick/protocol', ...SDK, '@tallystick/daemon'],
  merchant: ['@tallystick/protocol', ...SDK, ...DAEMON],
}
/** A command line may stand on the floors below it: `ledger send` is a wallet, not the node. */
const COMMAND_LINE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  settlement: ['@tallystick/client-sdk', '@tallystick/client-sdk/node'],
}
/** Files that may name Node: the native backends, worker threads, and everything under a shell's `node`. */
const MAY_NAME_NODE =
  /^protocol\/src\/(crypto\/\w+-node\.ts$|workers(\.ts$|\/))|^client-sdk\/src\/node(\.ts$|\/)|^(daemon|settlement|hub|watchtower|wallet|merchant)\//
/** Pure folders: no clock, no randomness, no timers, no process, no promises. */
const PURE =
  /^protocol\/src\/(?!workers)|^settlement\/src\/(core|invariants)\/|^(hub|watchtower|merchant)\/src\/core\//
const IMPURE =
  /\b(Date\b|Math\.random|setTimeout|setInterval|process\.|globalThis|crypto\.getRandomValues|await |async |console\.)/
const FORBIDDEN_NAME =
  /(^|\/)(utils?|helpers?|common|misc|manager|service|handler|types|shared)(\.|\/|$)/

type Source = { readonly path: string; readonly text: string }

function sourcesOf(workspace: string): Source[] {
  return readdirSync(join(ROOT, workspace, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const path = `${workspace}/src/${file}`
      return { path, text: readFileSync(join(ROOT, path), 'utf8') }
    })
}

function importsOf({ text }: Source): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '')
}

const sources = Object.keys(MAY_IMPORT).flatMap(sourcesOf)

test('a package imports another only downwards and only through its exports', () => {
  const wrong = sources.flatMap((source) => {
    const [workspace = ''] = source.path.split('/')
    return importsOf(source)
      .filter((name) => name.startsWith('@tallystick/'))
      .filter((name) => !MAY_IMPORT[workspace]?.includes(name))
      .filter(
        (name) =>
          !source.path.startsWith(`${workspace}/src/cli/`) ||
          !COMMAND_LINE_MAY_IMPORT[workspace]?.includes(name),
      )
      .map((name) => `${source.path} imports ${name}`)
  })
  assert.deepEqual(wrong, [])
})

test('a relative import stays inside its package', () => {
  const wrong = sources.flatMap((source) => {
    const [workspace = ''] = source.path.split('/')
    return importsOf(source)
      .filter((name) => name.startsWith('.'))
      .filter(
        (name) => !normalize(join(dirname(source.path), name)).startsWith(`${workspace}/src/`),
      )
      .map((name) => `${source.path} imports ${name}`)
  })
  assert.deepEqual(wrong, [])
})

test('what runs in a browser names no Node module', () => {
  const wrong = sources.flatMap((source) =>
    MAY_NAME_NODE.test(source.path)
      ? []
      : importsOf(source)
          .filter((name) => name.startsWith('node:') || name === 'ws' || name === 'sqlite3')
          .map((name) => `${source.path} imports ${name}`),
  )
  assert.deepEqual(wrong, [])
})

test('a core has no clock, no randomness, no timers and no promises', () => {
  const wrong = sources
    .filter(({ path }) => PURE.test(path) && !path.endsWith('-node.ts'))
    .flatMap(({ path, text }) => {
      const code = text
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .replace(/'[^'\n]*'|`[^`]*`/g, "''")
      const found = IMPURE.exec(code)
      return found === null ? [] : [`${path}: ${found[0]}`]
    })
  assert.deepEqual(wrong, [])
})

test('no file is named after nothing', () => {
  assert.deepEqual(
    sources.map(({ path }) => path).filter((path) => FORBIDDEN_NAME.test(path)),
    [],
  )
})

test('a source file has at most 400 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path)
  assert.deepEqual(long, [])
})

test('a file is found by fileURLToPath: the path of a URL is escaped, and wrong where there are blanks', () => {
  const folders = ['scripts', 'test', ...Object.keys(MAY_IMPORT).map((name) => `${name}/src`)]
  const wrong = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('dist/'))
      .map((file) => join(folder, file))
      .filter((path) =>
        /import\.meta\.url\)\.pathname|\b[A-Z_]+\.pathname/.test(
          readFileSync(join(ROOT, path), 'utf8'),
        ),
      ),
  )
  assert.deepEqual(wrong, [])
})
