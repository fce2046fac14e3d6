import type { Command } from 'commander'

/** How each command is called. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  init: [
    'wallet init --ledger URL --hub WS-URL',
    'wallet init --ledger URL --hub WS-URL --wallet shop --words-file shop.words --json',
  ],
  open: ['wallet open 100', 'wallet open --inbound 500 --yes'],
  receive: [
    'wallet receive 12.50 --description "A lamp" --wait',
    'wallet receive 2 --offer --description "A coffee" --wait',
    'wallet receive tally1...           # wait for an invoice that was made before',
  ],
  capture: ['wallet capture tally1...'],
  cancel: ['wallet cancel tally1...'],
  pay: [
    'wallet pay tally1...',
    'wallet pay tally1... --fee-max 0.05 --key "order 4711" --yes --json',
  ],
  stream: [
    'wallet stream https://shop.example/article --budget 0.50',
    'wallet stream https://shop.example/rates --budget 2 --for 1h --interval 10 --yes --json',
  ],
  withdraw: ['wallet withdraw 50 --to LOCKHEX', 'wallet withdraw 50 --key "rent May" --yes --json'],
  receipt: ['wallet receipt tally1...', 'wallet receipt tallyr1...          # check one'],
  close: ['wallet close', 'wallet close 7 --yes'],
  status: ['wallet status', 'wallet status --keys FILE --store FILE --ledger URL --chain-id ID'],
  history: ['wallet history', 'wallet history --limit 5 --json'],
  exit: [
    'wallet exit --plan',
    'wallet exit --channel 7 --wait',
    'wallet exit --keys wallet.keys --store new.db --new-store --ledger URL',
    'wallet exit --bundle wallet.exit --ledger URL --yes --wait --json',
  ],
  backup: ['wallet backup --out wallet.backup', 'wallet backup --check wallet.backup'],
  restore: [
    'wallet restore --ledger URL --hub WS-URL           # asks for the words',
    'wallet restore --keys FILE --store NEW --ledger URL --backup FILE --tower WS-URL',
  ],
  bundle: ['wallet bundle --out wallet.exit'],
}

const CODES = `Exit codes: 0 done; 1 could not be done, or was asked for wrongly; 2 the rules of the
ledger refuse it; 3 not decided yet, or not known: nothing has failed, run it again to hear;
4 another command has the store; 70 a durable promise or an invariant broke on the way;
130 ended by Ctrl-C before anything was begun.
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
