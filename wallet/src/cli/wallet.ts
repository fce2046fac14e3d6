#!/usr/bin/env node
import { Command, Option } from 'commander'
import { exportBundle } from './bundle.js'
import { stopOnFailure } from './command-error.js'
import { addHelp } from './command-help.js'
import { exitChannels } from './exit.js'
import { showHistory } from './history.js'
import { chainIdOption, channelsOption, urlOption } from './option-values.js'
import { showStatus } from './status.js'

const program = new Command('wallet')
  .description('A Tallystick wallet that needs no hub: what it holds, and how the money comes home')
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

/** A command on the store of a wallet. */
function storeCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .requiredOption('--keys <file>', 'its BIP-39 words, readable by their owner alone')
    .requiredOption('--store <file>', 'its store')
    .requiredOption('--ledger <url>', 'address of any ledger node', urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
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
      ...['keys', 'store', 'unsure', 'newStore'],
    ]),
  )
  .requiredOption('--ledger <url>', 'address of any ledger node', urlOption)
  .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
  .option('--channel <number>', 'this channel only; any number of them', channelsOption)
  .option('--unsure', 'the store may be an old copy: a longer window, and no penalty')
  .option('--new-store', 'the store is lost: find the channels by the words alone')
  .option('--plan', 'only show what would be paid, when, and what it waits for')
  .option('--wait', 'stay until all of it is paid')
  .option('--yes', 'do it without asking')
  .option('--json', 'print one JSON object')
  .action(exitChannels)

storeCommand('bundle', 'write signed exits to a file that needs no words and no store')
  .requiredOption('--out <file>', 'where to; one that is there is replaced')
  .action(exportBundle)

addHelp(program)

await program.parseAsync().catch(stopOnFailure)
// A feed that is being hung up would keep the process for a moment longer.
process.exit()
