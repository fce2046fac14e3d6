import type { Command } from 'commander'

/** How each command is called. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  status: ['wallet status --keys wallet.keys --store wallet.db --ledger URL --chain-id ID'],
  history: ['wallet history --keys wallet.keys --store wallet.db --ledger URL --json'],
  exit: [
    'wallet exit --keys wallet.keys --store wallet.db --ledger URL --plan',
    'wallet exit --keys wallet.keys --store wallet.db --ledger URL --chain-id ID --wait',
    'wallet exit --keys wallet.keys --store new.db --new-store --ledger URL',
    'wallet exit --bundle wallet.exit --ledger URL --yes --wait --json',
  ],
  backup: [
    'wallet backup --keys wallet.keys --store wallet.db --ledger URL --out wallet.backup',
    'wallet backup --keys wallet.keys --check wallet.backup',
  ],
  restore: [
    'wallet restore --keys wallet.keys --store new.db --ledger URL --hub WS-URL',
    'wallet restore --keys wallet.keys --store new.db --ledger URL --backup wallet.backup --tower WS-URL',
  ],
  bundle: ['wallet bundle --keys wallet.keys --store wallet.db --ledger URL --out wallet.exit'],
}

const CODES = `Exit codes: 0 done; 1 could not be done, or was asked for wrongly; 2 the rules of the
ledger refuse it; 70 a durable promise or an invariant broke on the way.
A failure is told on standard error as CODE: DETAIL, and with --json also on standard
output as one object: {"error":{"code":"...","detail":"..."}}.`

/** Adds examples and exit codes to the help of all commands. */
export function addHelp(program: Command): void {
  program.addHelpText('after', `\n${CODES}`)
  for (const command of program.commands) {
    const examples = (EXAMPLES[command.name()] ?? []).map((example) => `  ${example}\n`)
    command.addHelpText('after', `\nFor example:\n${examples.join('')}\n${CODES}`)
  }
}
