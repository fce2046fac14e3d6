import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { STATE_ENTRIES } from '@tallystick/protocol'

const README = readFileSync(new URL('../../../settlement/README.md', import.meta.url), 'utf8')
const LEDGER = fileURLToPath(new URL('../../../settlement/dist/cli/ledger.js', import.meta.url))

/** What `--help` says of a command. */
function help(...command: readonly string[]): string {
  const args = [LEDGER, ...command, '--help']
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout
}

/** The names of the commands that a help lists. */
function commandsIn(text: string): readonly string[] {
  const commands = text.slice(text.indexOf('\nCommands:'))
  const names = [...commands.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name ?? '')
  return names.filter((name) => !['help', 'ledger'].includes(name))
}

function optionsIn(text: string): readonly string[] {
  return text.match(/--[a-z][a-z-]+/g) ?? []
}

const HELPS = new Map(
  commandsIn(help()).flatMap((name): (readonly [string, string])[] =>
    name === 'snapshot'
      ? commandsIn(help(name)).map((part) => [`${name} ${part}`, help(name, part)] as const)
      : [[name, help(name)]],
  ),
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
