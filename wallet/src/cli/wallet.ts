#!/usr/bin/env node
import { Command, Option } from 'commander'
import { backUp } from './backup.js'
import { exportBundle } from './bundle.js'
import { stopOnFailure } from './command-error.js'
import { addHelp } from './command-help.js'
import { exitChannels } from './exit.js'
import { showHistory } from './history.js'
import {
  chainIdOption,
  channelsOption,
  secondsOption,
  sessionUrlOption,
  sessionUrlsOption,
  urlOption,
} from './option-values.js'
import { restoreWallet } from './restore.js'
import { showStatus } from './status.js'

const program = new Command('wallet')
  .description('A Tallystick wallet that needs no hub: what it holds, and how the money comes home')
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

const SHARED_WORDS = 'other devices use these words as well; the store keeps it for good (CH-19)'

/** A command on the store of a wallet. */
function storeCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .requiredOption('--keys <file>', 'its BIP-39 words, readable by their owner alone')
    .requiredOption('--store <file>', 'its store')
    .requiredOption('--ledger <url>', 'address of any ledger node', urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--shared-words', SHARED_WORDS)
    .option('--json', 'print one JSON object')
}

storeCommand('status', 'show coins and channels, and what those that are closing wait for')
  .alias('channels')
  .action(showStatus)

storeCommand('history', 'show the channels that are settled: payouts, penalties, bounties').action(
  showHistory,
)

program
  .command('exit')
  .description('leave channels alone, without the hub; again goes on where it was')
  .option('--keys <file>', 'its BIP-39 words, readable by their owner alone')
  .option('--store <file>', 'its store')
  .addOption(
    new Option('--bundle <file>', 'an exit bundle, in place of words and store').conflicts([
      ...['keys', 'store', 'unsure', 'newStore', 'sharedWords'],
    ]),
  )
  .requiredOption('--ledger <url>', 'address of any ledger node', urlOption)
  .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
  .option('--channel <number>', 'this channel only; any number of them', channelsOption)
  .option('--unsure', 'the store may be an old copy: a longer window, and no penalty')
  .option('--shared-words', SHARED_WORDS)
  .option('--new-store', 'the store is lost: find the channels by the words alone')
  .option('--plan', 'only show what would be paid, when, and what it waits for')
  .option('--wait', 'stay until all of it is paid')
  .option('--yes', 'do it without asking')
  .option('--json', 'print one JSON object')
  .action(exitChannels)

storeCommand('bundle', 'write signed exits to a file that needs no words and no store')
  .requiredOption('--out <file>', 'where to; one that is there is not overwritten')
  .option('--replace', 'overwrite it, if it is such a file')
  .action(exportBundle)

program
  .command('backup')
  .description('write the whole store to a file, sealed under the words; or look into such a file')
  .requiredOption('--keys <file>', 'its BIP-39 words, readable by their owner alone')
  .option('--store <file>', 'its store')
  .option('--ledger <url>', 'address of any ledger node', urlOption)
  .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
  .option('--shared-words', SHARED_WORDS)
  .option('--out <file>', 'where to; one that is there is not overwritten')
  .option('--replace', 'overwrite it, if it is a backup of these words')
  .addOption(
    new Option('--check <file>', 'open this backup, and say what is in it and how old').conflicts([
      ...['store', 'ledger', 'out', 'replace', 'sharedWords'],
    ]),
  )
  .option('--json', 'print one JSON object')
  .action(backUp)

program
  .command('restore')
  .description('fill a new store from the words and whatever is left; again goes on where it was')
  .requiredOption('--keys <file>', 'its BIP-39 words, readable by their owner alone')
  .requiredOption('--store <file>', 'the new store')
  .requiredOption('--ledger <url>', 'address of any ledger node', urlOption)
  .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
  .option('--hub <url>', 'its session address; left out: the one in the backup', sessionUrlOption)
  .option('--backup <file>', "a backup, if one is there; the newer of it and the hub's counts")
  .option('--tower <url>', 'session address of a watchtower; any number of them', sessionUrlsOption)
  .option('--patience <seconds>', 'how long the hub is waited for', secondsOption, 30)
  .option('--shared-words', SHARED_WORDS)
  .option('--json', 'print one JSON object')
  .action(restoreWallet)

addHelp(program)

await program.parseAsync().catch(stopOnFailure)
// A feed that is being hung up would keep the process for a moment longer.
process.exit()
