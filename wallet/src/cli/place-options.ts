import type { Command } from 'commander'
import { chainIdOption, urlOption } from './option-values.js'

export const SHARED_WORDS =
  'other devices use these words as well; the store keeps it for good (CH-19)'

/** By which options every command is told where a wallet is. */
export function addPlaceOptions(command: Command): Command {
  return command
    .option('--wallet <folder>', 'its folder; left out: $TALLYSTICK_WALLET, or ~/.tallystick')
    .option('--keys <file>', 'its BIP-39 words, readable by their owner alone; not of the folder')
    .option('--store <file>', 'its store; not of the folder')
    .option('--ledger <url>', 'any ledger node; left out: the one of the folder', urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
}
