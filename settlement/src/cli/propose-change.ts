import { stat } from 'node:fs/promises'
import { KeyCoins, type LedgerClient, parametersProposal } from '@tallystick/client-sdk'
import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import {
  type AssetId,
  BrokenInvariant,
  encode,
  isRejection,
  type Parameters,
  type ParametersChange,
  type PublicKey,
  parametersChangeCodec,
} from '@tallystick/protocol'
import { InvalidArgumentError } from 'commander'
import { connectLedger, type LedgerAddress } from './connect-ledger.js'
import { feeAssetOf } from './fee-asset.js'
import { coinSigner, readKeyFile } from './key-file.js'
import { requireKnownVersion } from './known-version.js'
import { proposalFacts, proposalText, writeProposal } from './proposal-file.js'

/** A rate that is set, or with 0 taken away. */
export type FeeRateOption = { readonly asset: AssetId; readonly feePerKiloCost: number }

export type ProposeOptions = LedgerAddress & {
  readonly keys: string
  readonly out: string
  readonly feeAsset?: AssetId
  readonly signer?: readonly PublicKey[]
  readonly withdraw?: true
  readonly atHeight?: number
  readonly inBlocks?: number
  readonly feeRate?: readonly FeeRateOption[]
  readonly addValidator?: readonly PublicKey[]
  readonly removeValidator?: readonly PublicKey[]
  readonly quorum?: number
  readonly protocolVersion?: number
  readonly timeStep?: number
  readonly disputeWindowMin?: number
  readonly disputeWindowMax?: number
  readonly json?: true
}

/** `ledger propose`: writes a change of the parameters for the validators to sign. */
export async function proposeChange(options: ProposeOptions): Promise<void> {
  const { out, json } = options
  await requireNewFile(out)
  const signer = coinSigner(await readKeyFile(options.keys))
  const ledger = await showProgress('asking the node', () => connectLedger(options))
  const change = options.withdraw ? withdrawal(options) : changeOf(ledger, options)
  const { value: scheduled } = await ledger.scheduledChange()
  const signers = signersOf(ledger.parameters, options.signer)
  const coins = new KeyCoins(ledger, signer, feeAssetOf(ledger, options.feeAsset, 0))
  const plan = await showProgress('looking for coins', () => coins.fundingPlan())
  const built = parametersProposal(plan, change, signers)
  if (isRejection(built)) throw new CommandError(built.code, built.detail)
  const proposal = { chainId: ledger.chainId, transaction: built.transaction, change }
  await writeProposal(out, proposal)
  const { asset } = coins
  /** Of what is scheduled: the proposal takes its place (PAR-3), or withdraws it. */
  const replaces = scheduled?.activationHeight ?? null
  const facts = { replaces, fee: `${built.fee}`, fee_asset: asset, file: out }
  const lines = [
    proposalText(proposal),
    ...(replaces === null ? [] : [`in the place of  what is scheduled for block ${replaces}`]),
    `fee              ${built.fee} of asset ${asset}`,
  ]
  printFacts(json, { ...proposalFacts(proposal), ...facts }, lines.join('\n'))
}

/** No change: what is scheduled is to go. */
function withdrawal(options: ProposeOptions): undefined {
  const { atHeight, inBlocks } = options
  if (atHeight !== undefined || inBlocks !== undefined || isChanging(options)) {
    throw new InvalidArgumentError('--withdraw takes no height and no parameters')
  }
}

function isChanging(options: ProposeOptions): boolean {
  const { feeRate, addValidator, removeValidator, quorum, protocolVersion, timeStep } = options
  const { disputeWindowMin, disputeWindowMax } = options
  return [
    ...[feeRate, addValidator, removeValidator, quorum, protocolVersion, timeStep],
    ...[disputeWindowMin, disputeWindowMax],
  ].some((option) => option !== undefined)
}

/** The parameters in force with what the options change. Throws `parameters_unusable`. */
function changeOf(ledger: LedgerClient, options: ProposeOptions): ParametersChange {
  if (!isChanging(options)) throw new InvalidArgumentError('a parameter to change is due')
  const { protocolVersion } = options
  if (protocolVersion !== undefined) requireKnownVersion(protocolVersion)
  const { parameters, tip } = ledger
  const change = {
    activationHeight: activationOf(options, tip?.height ?? 0),
    parameters: {
      revision: parameters.revision + 1,
      protocolVersion: options.protocolVersion ?? parameters.protocolVersion,
      validators: validatorsOf(parameters, options),
      quorum: options.quorum ?? parameters.quorum,
      timeStepSecondsMax: options.timeStep ?? parameters.timeStepSecondsMax,
      disputeWindowSecondsMin: options.disputeWindowMin ?? parameters.disputeWindowSecondsMin,
      disputeWindowSecondsMax: options.disputeWindowMax ?? parameters.disputeWindowSecondsMax,
      feeRates: feeRatesOf(parameters, options.feeRate ?? []),
    },
  }
  try {
    encode(parametersChangeCodec, change)
    return change
  } catch (error) {
    // The codec states its bounds as invariants; here they are what somebody typed.
    if (!(error instanceof BrokenInvariant)) throw error
    throw new CommandError('parameters_unusable', `no ledger can have these: ${error.message}`)
  }
}

function activationOf({ atHeight, inBlocks }: ProposeOptions, tip: number): number {
  if (atHeight !== undefined && inBlocks === undefined) return atHeight
  if (inBlocks !== undefined && atHeight === undefined) return tip + inBlocks
  throw new InvalidArgumentError('exactly one of --at-height and --in-blocks is due')
}

function validatorsOf(
  { validators }: Parameters,
  { addValidator = [], removeValidator = [] }: ProposeOptions,
): readonly PublicKey[] {
  const stranger = removeValidator.find((key) => !validators.includes(key))
  if (stranger !== undefined) {
    throw new CommandError('not_a_validator', `${stranger} is none of the validators in force`)
  }
  const kept = validators.filter((key) => !removeValidator.includes(key))
  return [...kept, ...addValidator].sort()
}

function feeRatesOf(
  { feeRates }: Parameters,
  changes: readonly FeeRateOption[],
): readonly FeeRateOption[] {
  const rates = new Map(feeRates.map((rate) => [rate.asset, rate]))
  for (const rate of changes) rates.set(rate.asset, rate)
  return [...rates.values()]
    .filter(({ feePerKiloCost }) => feePerKiloCost > 0)
    .sort((a, b) => a.asset - b.asset)
}

/**
 * The validators that will sign: all that are named must, or the ledger refuses the whole. Where a
 * quorum is less than all, somebody has to say who.
 */
function signersOf(
  { validators, quorum }: Parameters,
  named: readonly PublicKey[] | undefined,
): readonly PublicKey[] {
  const signers = [...new Set(named ?? (validators.length === quorum ? validators : []))]
  const stranger = signers.find((key) => !validators.includes(key))
  if (stranger !== undefined) {
    throw new CommandError('not_a_validator', `${stranger} is none of the validators in force`)
  }
  if (signers.length >= quorum) return signers
  const detail = `--signer is due ${quorum} times, for those of these who will sign: `
  throw new CommandError('signers_missing', `${detail}${validators.join(', ')}`)
}

async function requireNewFile(path: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  if (isThere) throw new CommandError('proposal_exists', `${path} is there: choose another --out`)
}
