import type { Command } from 'commander'
import { ENTRY_FORMS } from './entry-forms.js'
import { lazily } from './lazily.js'
import {
  amountOption,
  chainIdOption,
  countOption,
  hashOption,
  keyOption,
  urlOption,
  wholeOption,
} from './ledger-options.js'

/** The commands that use a ledger through any node's API, without running one. */
export function addClientCommands(program: Command): void {
  program
    .command('keys')
    .description('show where a key file is paid: public key and lock')
    .argument('<file>', 'BIP-39 words, readable by their owner alone')
    .option('--make', 'make the file, with 24 new words')
    .option('--words', 'show the secret words, too')
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./show-keys.js')).showKeys))

  program
    .command('send')
    .description('pay from the coins of a key file, and wait until a block holds it')
    .requiredOption('--url <url>', "address of a node's API", urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .requiredOption('--keys <file>', 'key file that `keys` made')
    .option('--to-lock <root>', 'receiver: the root of a lock', hashOption)
    .option('--to-key <key>', 'receiver: a public key', keyOption)
    .requiredOption('--amount <units>', 'in base units', amountOption)
    .option('--asset <id>', 'what is sent', wholeOption, 0)
    .option('--fee-asset <id>', 'what the fee is paid in; else the same, if it can', wholeOption)
    .option('--yes', 'send without asking')
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./send-coins.js')).sendCoins))

  program
    .command('proof')
    .description('verify what the ledger holds, or that it holds nothing, and say what is proved')
    .argument('<kind>', Object.keys(ENTRY_FORMS).join(', '))
    .argument('[name]', `as in: ${Object.values(ENTRY_FORMS).join(', ')}`)
    .requiredOption('--url <url>', "address of a node's API", urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./show-proof.js')).showProof))

  program
    .command('trace')
    .description('run a transaction rule by rule: on the tip, or where it is in an archive')
    .argument('<transaction>', 'its id, or its bytes: a file, or hex')
    .option('--url <url>', "address of a node's API: it runs bytes, or one that waits", urlOption)
    .option('--archive <dir|url>', 'run it in the block of this archive that holds it')
    .option('--height <n>', 'the block that holds it; absent: the archive is searched', countOption)
    .option('--chain-id <hex>', 'the chain that the archive has to be of', chainIdOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./show-trace.js')).showTrace))
}
