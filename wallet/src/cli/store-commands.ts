import { type Command, Option } from 'commander'
import {
  channelsOption,
  countOption,
  secondsOption,
  sessionUrlOption,
  sessionUrlsOption,
} from './option-values.js'
import { placeOf } from './place-of.js'
import { addPlaceOptions, SHARED_WORDS } from './place-options.js'

/**
 * The commands that live without a hub: what a wallet holds, and how it or its money comes back. They are loaded
 * as those of a hub are.
 */
export function addStoreCommands(program: Command): void {
  placeCommand(
    program,
    'status',
    'show coins and channels, and what those that are closing wait for',
  )
    .alias('channels')
    .action(async (options) =>
      (await import('./status.js')).showStatus({ ...options, ...(await placeOf(options)) }),
    )

  placeCommand(
    program,
    'history',
    'show invoices, payments, refunds and payouts, newest first, streams, and the channels that are settled',
  )
    .option('--limit <count>', 'how many of them, 1 to 100', countOption, 20)
    .option('--after <cursor>', 'go on after that page; its output says how')
    .action(async (options) =>
      (await import('./history.js')).showHistory({ ...options, ...(await placeOf(options)) }),
    )

  placeCommand(
    program,
    'receipt',
    'show to anybody that a payment was paid, as a string; or check such a string, which needs no wallet',
  )
    .argument('[text]', 'an invoice that was paid, or a receipt (tallyr1...) to check')
    .option('--key <text>', 'a payment by its key')
    .action(async (text: string | undefined, options) => {
      const { checkReceipt, isReceiptText, makeReceipt } = await import('./receipt.js')
      const typed = text?.trim()
      if (typed !== undefined && isReceiptText(typed)) checkReceipt(typed, options)
      else await makeReceipt(typed, { ...options, ...(await placeOf(options)) })
    })

  placeCommand(program, 'exit', 'leave channels alone, without the hub; again goes on where it was')
    .addOption(
      new Option('--bundle <file>', 'an exit bundle, in place of words and store').conflicts([
        ...['keys', 'store', 'unsure', 'newStore', 'sharedWords'],
      ]),
    )
    .option('--channel <number>', 'this channel only; any number of them', channelsOption)
    .option('--unsure', 'the store may be an old copy: a longer window, and no penalty')
    .option('--new-store', 'the store is lost: find the channels by the words alone')
    .option('--plan', 'only show what would be paid, when, and what it waits for')
    .option('--wait', 'stay until all of it is paid')
    .option('--yes', 'do it without asking')
    .action(async (options) => (await import('./exit.js')).exitChannels(options))

  placeCommand(program, 'bundle', 'write signed exits to a file that needs no words and no store')
    .requiredOption('--out <file>', 'where to; one that is there is not overwritten')
    .option('--replace', 'overwrite it, if it is such a file')
    .action(async (options) =>
      (await import('./bundle.js')).exportBundle({ ...options, ...(await placeOf(options)) }),
    )

  placeCommand(
    program,
    'backup',
    'write the whole store to a file, sealed under the words; or look into such a file',
  )
    .option('--out <file>', 'where to; one that is there is not overwritten')
    .option('--replace', 'overwrite it, if it is a backup of these words')
    .addOption(
      new Option('--check <file>', 'open this backup, and say what is in it and how old').conflicts(
        ['store', 'ledger', 'out', 'replace', 'sharedWords'],
      ),
    )
    .action(async (options) => (await import('./backup.js')).backUp(options))

  placeCommand(
    program,
    'restore',
    'fill a new store from the words and whatever is left; again goes on where it was',
  )
    .option('--hub <url>', 'its session address; left out: the one in the backup', sessionUrlOption)
    .option('--backup <file>', "a backup, if one is there; the newer of it and the hub's counts")
    .option(
      '--tower <url>',
      'session address of a watchtower; any number of them',
      sessionUrlsOption,
    )
    .option('--patience <seconds>', 'how long the hub is waited for', secondsOption, 30)
    .action(async (options) => (await import('./restore.js')).restoreWallet(options))
}

/** A command on the store of a wallet. */
function placeCommand(program: Command, name: string, description: string): Command {
  return addPlaceOptions(program.command(name).description(description))
    .option('--shared-words', SHARED_WORDS)
    .option('--json', 'print one JSON object')
}
