import { coSign } from '@tallystick/client-sdk'
import { CommandError, printFacts } from '@tallystick/daemon'
import { type ChainId, type Condition, isRejection, type PublicKey } from '@tallystick/protocol'
import { readValidatorKey } from '../validator-key.js'
import { confirm } from './confirm.js'
import { requireKnownVersion } from './known-version.js'
import {
  type Proposal,
  proposalFacts,
  proposalText,
  readProposal,
  writeProposal,
} from './proposal-file.js'

export type SignOptions = {
  readonly key: string
  readonly chainId?: ChainId
  readonly yes?: true
  readonly json?: true
}

/** `ledger sign`: adds a validator's signature to a proposal; it needs no node. */
export async function signProposal(path: string, options: SignOptions): Promise<void> {
  const { chainId, json } = options
  const proposal = await readProposal(path)
  if (chainId !== undefined && proposal.chainId !== chainId) {
    const detail = `${path} is for chain ${proposal.chainId}, not ${chainId}`
    throw new CommandError('proposal_of_another_chain', detail)
  }
  if (proposal.change !== undefined) {
    requireKnownVersion(proposal.change.parameters.protocolVersion)
  }
  const signer = await readValidatorKey(options.key)
  requireNoCoinOf(signer.publicKey, proposal)
  const transaction = coSign(proposal.chainId, proposal.transaction, signer)
  if (isRejection(transaction)) throw new CommandError(transaction.code, transaction.detail)
  await confirm(options.yes, {
    verb: 'Sign',
    undone: 'nothing was signed',
    said: `as ${signer.publicKey}\n${proposalText(proposal)}\n`,
  })
  const signed = { ...proposal, transaction }
  await writeProposal(path, signed)
  printFacts(json, proposalFacts(signed), proposalText(signed))
}

/**
 * One signature is under the whole transaction: it would also spend coins of the key, which a proposal
 * from somebody else may name. Throws `proposal_unusable`.
 */
function requireNoCoinOf(key: PublicKey, { transaction }: Proposal): void {
  const asked = transaction.witnesses.flatMap(({ alternative }) => alternative.flatMap(keysOf))
  if (!asked.includes(key)) return
  const detail = `it spends a coin of ${key}: have it paid for by a wallet of another key`
  throw new CommandError('proposal_unusable', detail)
}

/** Whose signatures a condition may ask for. */
function keysOf(condition: Condition): readonly PublicKey[] {
  switch (condition.kind) {
    case 'key':
      return [condition.publicKey]
    case 'multi':
      return condition.publicKeys
    case 'after':
    case 'older':
    case 'revealed':
    case 'unrevealed':
      return []
  }
}
