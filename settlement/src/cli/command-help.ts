import type { Command } from 'commander'

/** How each command is called, by its name with those above it. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  init: [
    'ledger init --data DIR --network local --asset GBP:2:1 --allocate LOCKHEX:0:1000000',
    'ledger init --data DIR --genesis genesis.json',
  ],
  run: ['ledger run --data DIR --port 7400'],
  follow: [
    'ledger follow --from http://127.0.0.1:7400 --chain-id ID --data DIR',
    'ledger follow --from http://127.0.0.1:7400 --archive ARCHIVE --data DIR',
  ],
  status: ['ledger status --url http://127.0.0.1:7400 --json'],
  keys: ['ledger keys wallet.keys --make', 'ledger keys wallet.keys --json'],
  send: [
    'ledger send --url URL --chain-id ID --keys wallet.keys --to-lock LOCKHEX --amount 500',
    'ledger send --url URL --keys wallet.keys --to-key KEYHEX --asset 2 --amount 5 --fee-asset 0 --yes',
  ],
  proof: [
    'ledger proof coin TXID:0 --url URL --chain-id ID',
    'ledger proof assetCount --url URL --json',
  ],
  trace: [
    'ledger trace transaction.hex --url URL',
    'ledger trace TXID --archive ARCHIVE --height 4711',
  ],
  issue: [
    'ledger issue --url URL --keys wallet.keys --code OIL --decimals 2 --supply 100000 --reissuable',
    'ledger issue --url URL --keys wallet.keys --code ART --supply 1 --to-lock LOCKHEX --yes',
  ],
  reissue: ['ledger reissue --url URL --keys wallet.keys --asset 3 --amount 5000'],
  parameters: ['ledger parameters --url URL --chain-id ID --json'],
  propose: [
    'ledger propose --url URL --keys wallet.keys --out fees.json --in-blocks 20000 --fee-rate 0:5',
    'ledger propose --url URL --keys wallet.keys --out in.json --at-height 90000 --add-validator KEY' +
      ' --signer KEY1 --signer KEY2',
    'ledger propose --url URL --keys wallet.keys --out back.json --withdraw',
  ],
  sign: ['ledger sign fees.json --key DIR/validator.key --chain-id ID'],
  submit: ['ledger submit fees.json --url URL', 'ledger submit copy1.json copy2.json --url URL'],
  archive: [
    'ledger archive --data DIR --out ARCHIVE',
    'ledger archive --from http://127.0.0.1:7400 --out ARCHIVE',
  ],
  replay: ['ledger replay --archive ARCHIVE --height 4711 --json'],
  snapshot: ['ledger snapshot export --data DIR --out tip.snapshot.gz'],
  'snapshot export': ['ledger snapshot export --data DIR --out tip.snapshot.gz'],
  'snapshot import': ['ledger snapshot import tip.snapshot.gz --data DIR --chain-id ID'],
  prune: ['ledger prune --data DIR --keep-blocks 10000'],
  verify: ['ledger verify --data DIR --json'],
}

const CODES = `Exit codes: 0 done; 1 could not be done, or was asked for wrongly; 2 the rules of the
ledger refuse the transaction; 70 a durable promise or an invariant broke on the way.
A failure is told on standard error as CODE: DETAIL, and with --json also on standard
output as one object: {"error":{"code":"...","detail":"..."}}.`

/** Adds examples and exit codes to the help of all commands. */
export function addHelp(program: Command): void {
  program.addHelpText('after', `\n${CODES}`)
  for (const command of program.commands) addCommandHelp(command, command.name())
}

function addCommandHelp(command: Command, name: string): void {
  const examples = (EXAMPLES[name] ?? []).map((example) => `  ${example}\n`)
  command.addHelpText('after', `\nFor example:\n${examples.join('')}\n${CODES}`)
  for (const part of command.commands) addCommandHelp(part, `${name} ${part.name()}`)
}
