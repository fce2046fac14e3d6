import type { ChainId } from '@tallystick/protocol'
import { type Command, Option } from 'commander'
import { ARCHIVE_BLOCKS_PER_FILE, ARCHIVE_CHECKPOINT_BLOCKS } from '../limits.js'
import { lazily } from './lazily.js'
import { chainIdOption, countOption, urlOption, urlsOption, wholeOption } from './ledger-options.js'

/** Adds the commands over a ledger's past and its storage; none needs a validator's key. */
export function addHistoryCommands(program: Command): void {
  program
    .command('archive')
    .description('write blocks and checkpoints into plain files; run again to append')
    .requiredOption('--out <dir>', 'folder of the archive; made if it is not there')
    .addOption(new Option('--data <dir>', 'take them from a folder whose node does not run'))
    .addOption(
      new Option('--from <url>', 'take them from a node that runs')
        .conflicts('data')
        .argParser(urlOption),
    )
    .option('--file-blocks <n>', 'blocks per file', countOption, ARCHIVE_BLOCKS_PER_FILE)
    .option(
      '--checkpoint-blocks <n>',
      'from one to the next',
      countOption,
      ARCHIVE_CHECKPOINT_BLOCKS,
    )
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./archive-ledger.js')).archiveLedger))

  program
    .command('replay')
    .description('execute an archive up to a height, check everything, and print the state root')
    .requiredOption('--archive <dir|url>', 'the archive')
    .option('--height <n>', 'up to this block; absent: to its end', countOption)
    .option('--from-genesis', 'execute every block, and use no checkpoint')
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--data <dir>', 'make a data folder of it; goes on where it was stopped')
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./replay-ledger.js')).replayLedger))

  const snapshot = program
    .command('snapshot')
    .description('the whole state at the newest block in one file')
  snapshot
    .command('export')
    .description('write a snapshot of a ledger whose node does not run')
    .requiredOption('--data <dir>', 'folder of the ledger')
    .requiredOption('--out <file>', 'the snapshot')
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./snapshot-ledger.js')).exportLedgerSnapshot))
  snapshot
    .command('import')
    .description('check a snapshot, and make a data folder of it')
    .argument('<file>', 'the snapshot')
    .requiredOption('--data <dir>', 'new folder for the ledger')
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: { data: string; chainId?: ChainId; json?: true }) => {
      const { importLedgerSnapshot } = await import('./snapshot-ledger.js')
      await importLedgerSnapshot({ ...options, file })
    })

  program
    .command('prune')
    .description('remove old blocks, and where their transactions were, for good')
    .requiredOption('--data <dir>', 'folder of a ledger whose node does not run')
    .requiredOption('--keep-blocks <n>', 'how many of the newest stay', countOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./prune-ledger.js')).pruneLedger))

  program
    .command('accept-tip')
    .description('go on from the newest block of a folder, on your word that none newer was shown')
    .requiredOption('--data <dir>', 'folder of a ledger whose node does not run')
    .option('--at-least <height>', 'the highest block that anybody was shown', wholeOption)
    .option('--seen-at <url>', 'a node that followed until the end; repeat for each', urlsOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./accept-tip.js')).acceptLedgerTip))

  program
    .command('verify')
    .description('look at all that a ledger or an archive holds; 1 when any of it is damaged')
    .option('--data <dir>', 'folder of a ledger whose node does not run')
    .addOption(
      new Option('--archive <dir|url>', 'an archive, and all its blocks').conflicts('data'),
    )
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./verify-ledger.js')).verifyLedger))
}
