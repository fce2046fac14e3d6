import type { Command } from 'commander'

/** How each command is called, by its name with those above it. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  run: ['tally-merchant run --data DIR --keys shop.words --ledger URL --hub WS-URL --chain-id ID'],
  'key create': [
    'tally-merchant key create --data DIR --name till --allow read,invoice',
    'tally-merchant key create --data DIR --name night --allow pay --per-day 500000 --expires-in 28800',
  ],
  'key list': ['tally-merchant key list --data DIR --json'],
  'key revoke': ['tally-merchant key revoke --data DIR key_0123'],
  'account create': ['tally-merchant account create --data DIR --name Anna --total 1000000'],
  'books export': [
    'tally-merchant books export --data DIR --out books.csv --from 2026-01-01 --to 2027-01-01',
  ],
  events: ['tally-merchant events --data DIR --after evt_0123 --follow --json'],
}

/** What the process ends with, as help says it. */
const EXIT_CODES = `
Exit codes: 0 done, or stopped as asked; 1 could not be done, was asked for wrongly, or the books do
not reconcile; 70 a durable promise was broken. A failure is told on standard error as CODE: DETAIL,
and with --json also on standard output as one object: {"error":{"code":"...","detail":"..."}}.`

/** Adds examples and exit codes to the help of all commands. */
export function addHelp(program: Command): void {
  program.addHelpText('after', EXIT_CODES)
  for (const command of program.commands) addCommandHelp(command, command.name())
}

function addCommandHelp(command: Command, name: string): void {
  const examples = (EXAMPLES[name] ?? []).map((example) => `  ${example}\n`)
  const shown = examples.length === 0 ? '' : `\nFor example:\n${examples.join('')}`
  command.addHelpText('after', `${shown}${EXIT_CODES}`)
  for (const part of command.commands) addCommandHelp(part, `${name} ${part.name()}`)
}
