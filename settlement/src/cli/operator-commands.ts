import type { PublicKey } from '@tallystick/protocol'
import { type Command, InvalidArgumentError } from 'commander'
import { lazily } from './lazily.js'
import {
  amountOption,
  chainIdOption,
  codeOption,
  countOption,
  decimalsOption,
  hashOption,
  keyOption,
  supplyOption,
  urlOption,
  wholeOption,
} from './ledger-options.js'
import type { FeeRateOption } from './propose-change.js'

/** The commands of who issues assets, and of the validators who change the parameters together. */
export function addOperatorCommands(program: Command): void {
  paidCommand(program, 'issue', 'make an asset, and pay its first supply to a lock')
    .requiredOption('--code <code>', 'for people: 1 to 12 letters and digits', codeOption)
    .option('--decimals <n>', 'digits behind the point, for people', decimalsOption, 0)
    .requiredOption('--supply <units>', 'in base units; 0 only with --reissuable', supplyOption)
    .option('--reissuable', 'the key file can issue more; else nobody ever can')
    .action(lazily(async () => (await import('./issue-asset.js')).issueAsset))

  paidCommand(program, 'reissue', 'issue more of an asset that the key file is the issuer of')
    .requiredOption('--asset <id>', 'which', wholeOption)
    .requiredOption('--amount <units>', 'in base units', amountOption)
    .action(lazily(async () => (await import('./issue-asset.js')).reissueAsset))

  program
    .command('parameters')
    .description('show the parameters in force, and those that are scheduled, both proved')
    .requiredOption('--url <url>', "address of a node's API", urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./show-parameters.js')).showParameters))

  program
    .command('propose')
    .description('write a change of the parameters into a file, for the validators to sign')
    .requiredOption('--url <url>', "address of a node's API", urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .requiredOption('--keys <file>', 'key file whose coins pay the fee')
    .option('--fee-asset <id>', 'what the fee is paid in', wholeOption)
    .requiredOption('--out <file>', 'the proposal')
    .option('--signer <key>', 'a validator that will sign; repeated per validator', keysOption)
    .option('--at-height <n>', 'the first block under the new parameters', countOption)
    .option('--in-blocks <n>', 'the same, so many blocks above the tip', countOption)
    .option('--withdraw', 'withdraw what is scheduled instead')
    .option('--fee-rate <asset:units>', 'per 1,000 of cost; 0 takes it away', feeRateOption)
    .option('--add-validator <key>', 'repeated per validator', keysOption)
    .option('--remove-validator <key>', 'repeated per validator', keysOption)
    .option('--quorum <n>', 'signatures that a block and a change need', countOption)
    .option('--protocol-version <n>', 'of the rules', countOption)
    .option('--time-step <seconds>', 'by which ledger time may rise per block', countOption)
    .option('--dispute-window-min <seconds>', 'shortest that a channel may have', wholeOption)
    .option('--dispute-window-max <seconds>', 'longest that a channel may have', wholeOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./propose-change.js')).proposeChange))

  program
    .command('sign')
    .description("add a validator's signature to a proposal; needs no node")
    .argument('<file>', 'the proposal')
    .requiredOption('--key <file>', 'the validator.key that signs')
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--yes', 'sign without asking')
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./sign-proposal.js')).signProposal))

  program
    .command('submit')
    .description('hand in a proposal that is signed, and wait until a block holds it')
    .argument('<files...>', 'the proposal, or the copies of it that were signed')
    .requiredOption('--url <url>', "address of a node's API", urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .option('--json', 'print one JSON object')
    .action(lazily(async () => (await import('./submit-proposal.js')).submitProposal))
}

/** A command that pays a fee from the coins of a key file, and supplies an asset to a lock. */
function paidCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .requiredOption('--url <url>', "address of a node's API", urlOption)
    .option('--chain-id <hex>', 'the chain that is meant; refuse any other', chainIdOption)
    .requiredOption('--keys <file>', 'key file that pays the fee, and is the issuer')
    .option('--to-lock <root>', 'receiver: the root of a lock; else the key file', hashOption)
    .option('--to-key <key>', 'receiver: a public key', keyOption)
    .option('--fee-asset <id>', 'what the fee is paid in', wholeOption)
    .option('--yes', 'issue without asking')
    .option('--json', 'print one JSON object')
}

function keysOption(text: string, before: readonly PublicKey[] = []): PublicKey[] {
  return [...before, keyOption(text)]
}

function feeRateOption(text: string, before: readonly FeeRateOption[] = []): FeeRateOption[] {
  const [, asset, units] = /^(\d{1,9}):(\d{1,13})$/.exec(text) ?? []
  if (asset === undefined) {
    throw new InvalidArgumentError('ASSET:UNITS is due, units per 1,000 of cost: 0:5')
  }
  return [...before, { asset: Number(asset), feePerKiloCost: Number(units) }]
}
