import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { STATE_ENTRIES } from '@tallystick/protocol'
import { documents, ROOT } from './documents.js'

const README = readFileSync(join(ROOT, 'settlement/README.md'), 'utf8')
/** Where the programs are that documents name. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ['ledger', 'settlement/dist/cli/ledger.js'],
  ['hub', 'hub/dist/cli/hub.js'],
  ['watchtower', 'watchtower/dist/cli/watchtower.js'],
  ['wallet', 'wallet/dist/cli/wallet.js'],
  ['tally-merchant', 'merchant/dist/cli/tally-merchant.js'],
])
const PRINT_HELPS = fileURLToPath(new URL('print-helps.js', import.meta.url))

/** What `--help` says of each command of a program, by its name. */
type Helps = ReadonlyMap<string, string>
const known = new Map<string, Helps>()

/** Of one of `PROGRAMS`, or of a script of npm. */
function helpsOf(program: string): Helps {
  const before = known.get(program)
  if (before !== undefined) return before
  const path = join(ROOT, PROGRAMS.get(program) ?? `scripts/dist/${program}.js`)
  const { stdout, stderr } = spawnSync(process.execPath, [PRINT_HELPS, path], { encoding: 'utf8' })
  assert.equal(stderr, '')
  const helps = new Map(Object.entries(JSON.parse(stdout) as Record<string, string>))
  known.set(program, helps)
  return helps
}

function optionsIn(text: string): readonly string[] {
  return text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []
}

/** Of each command of the ledger that has no commands of its own. */
const HELPS: Helps = new Map(
  [...helpsOf('ledger')].filter(([name, text]) => name !== '' && !text.includes('\nCommands:')),
)

test('the README of the ledger shows every command with options that it takes', () => {
  const shown = README.split('\n').filter((line) => line.startsWith('ledger '))
  const wrong = shown.flatMap((line) => {
    const name = [...HELPS.keys()].find((command) => line.startsWith(`ledger ${command} `))
    const taken = optionsIn(HELPS.get(name ?? '') ?? '')
    return optionsIn(line)
      .filter((option) => !taken.includes(option))
      .map((option) => `${line}: ${option}`)
  })
  assert.deepEqual(wrong, [])
  const unshown = [...HELPS.keys()].filter((name) => {
    return !shown.some((line) => line.startsWith(`ledger ${name} `))
  })
  assert.deepEqual(unshown, [])
})

test('the README of the ledger names every option that a command takes', () => {
  const named = new Set(optionsIn(README))
  const missing = [...HELPS].flatMap(([name, text]) =>
    optionsIn(text.slice(0, text.indexOf('\nFor example:')))
      .filter((option) => !named.has(option))
      .map((option) => `${name} ${option}`),
  )
  assert.deepEqual(missing, [])
})

test('the README and the help name every kind of entry that proof takes', () => {
  const kinds = Object.keys(STATE_ENTRIES)
  assert.ok(kinds.length >= 9)
  for (const text of [README, HELPS.get('proof') ?? '']) {
    assert.deepEqual(
      kinds.filter((kind) => !new RegExp(`\\b${kind}\\b`).test(text)),
      [],
    )
  }
})

/** A command as a document names it. */
type Named = { readonly at: string; readonly text: string }

/** What stands in blocks of `sh` and in code within a line. */
function namedIn(path: string, text: string): readonly Named[] {
  const blocks = [...text.matchAll(/^```sh[^\n]*\n([\s\S]*?)^```$/gm)]
  const lines = blocks.flatMap(([, code = '']) => code.split('\n'))
  const spans = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)]
  return [...lines, ...spans.map(([, code = '']) => code)].map((code) => ({ at: path, text: code }))
}

const NAMED = documents()
  // It tells of what was, too.
  .filter(({ path }) => path !== 'CHANGELOG.md')
  .flatMap(({ path, text }) => namedIn(path, text))

/** What is wrong with what is said of a program: a command that it has not, or an option that the command takes not. */
function wrongIn({ at, text }: Named): readonly string[] {
  const programs = [...PROGRAMS.keys()].join('|')
  // What is said beside a command, behind `#`, names options of it, and no other command.
  const [code = '', ...beside] = text.split(' # ')
  const parts = code.split(new RegExp(`(?<=^|[\\s(|&;])(?=(?:${programs}) [a-z])`))
  return parts.flatMap((part, i) => {
    const [program = '', first = '', second = ''] = part.split(/\s+/)
    if (!PROGRAMS.has(program) || !/^[a-z]/.test(first)) return []
    const helps = helpsOf(program)
    const help = helps.get(`${first} ${second}`) ?? helps.get(first)
    if (help === undefined) return [`${at}: ${part}: ${program} has no such command`]
    const taken = optionsIn(help)
    const named = i === parts.length - 1 ? [part, ...beside].join(' ') : part
    return optionsIn(named)
      .filter((option) => option !== '--help' && !taken.includes(option))
      .map((option) => `${at}: ${part}: no ${option}`)
  })
}

test('every command that a document names is there, and takes the options that are named', () => {
  assert.deepEqual(NAMED.flatMap(wrongIn), [])
  for (const program of PROGRAMS.keys()) assert.ok(helpsOf(program).size >= 4, program)
})

test('every option that a document names by itself is one of some command', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const withHelp = Object.keys(scripts).filter((name) =>
    /dist\/(?!test|bundle)/.test(scripts[name]),
  )
  const taken = new Set(
    [...PROGRAMS.keys(), ...withHelp]
      .flatMap((program) => [...helpsOf(program).values()])
      .flatMap(optionsIn),
  )
  // Of Node itself.
  taken.add('--max-old-space-size')
  const alone = NAMED.filter(({ text }) => text.startsWith('--'))
  const wrong = alone.flatMap(({ at, text }) =>
    optionsIn(text)
      .filter((option) => !taken.has(option))
      .map((option) => `${at}: ${option}`),
  )
  assert.ok(alone.length > 50, `${alone.length} options`)
  assert.deepEqual(wrong, [])
})

test('every script of npm that a document names is there, and takes the options that are named', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const wrong = NAMED.flatMap(({ at, text }) => {
    const [, run, plain, rest = ''] = /\bnpm (?:run ([a-z]+)|(start|test))\b(.*)/.exec(text) ?? []
    const name = run ?? plain
    if (name === undefined) return []
    if (!(name in scripts)) return [`${at}: ${text}: no such script`]
    const named = optionsIn(rest).filter((option) => option !== '--help')
    const taken = named.length === 0 ? [] : optionsIn(helpsOf(name).get('') ?? '')
    return named
      .filter((option) => !taken.includes(option))
      .map((option) => `${at}: ${text}: no ${option}`)
  })
  assert.deepEqual(wrong, [])
})
