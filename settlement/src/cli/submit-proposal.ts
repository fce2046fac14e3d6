import { joinSignatures } from '@tallystick/client-sdk'
import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import { type ChainId, isRejection } from '@tallystick/protocol'
import { connectLedger } from './connect-ledger.js'
import { type Proposal, proposalFacts, proposalText, readProposal } from './proposal-file.js'
import { submitAndWait } from './submit-and-wait.js'

export type SubmitOptions = {
  readonly url: string
  readonly chainId?: ChainId
  readonly json?: true
}

/**
 * `ledger submit`: hands in a proposal that all of its signers have signed, in one file or in copies
 * that went to each, and waits until a verified block holds it.
 */
export async function submitProposal(
  paths: readonly string[],
  { url, chainId, json }: SubmitOptions,
): Promise<void> {
  const proposal = await joinedProposal(paths)
  const { awaited } = proposalFacts(proposal)
  if (awaited.length > 0) {
    const detail = `these have to sign before it can be handed in: ${awaited.join(', ')}`
    throw new CommandError('signatures_missing', detail)
  }
  if (chainId !== undefined && proposal.chainId !== chainId) {
    const detail = `it is for chain ${proposal.chainId}, not ${chainId}`
    throw new CommandError('proposal_of_another_chain', detail)
  }
  const address = { url, chainId: proposal.chainId }
  const ledger = await showProgress('asking the node', () => connectLedger(address))
  const height = await submitAndWait(ledger, proposal.transaction)
  const text = `${proposalText(proposal)}\nin block         ${height}`
  printFacts(json, { ...proposalFacts(proposal), height }, text)
}

async function joinedProposal(paths: readonly string[]): Promise<Proposal> {
  const [first, ...others] = await Promise.all(paths.map(readProposal))
  if (first === undefined) throw new CommandError('proposal_unusable', 'a file is due')
  if (others.some(({ chainId }) => chainId !== first.chainId)) {
    throw new CommandError('proposals_differ', 'the files are for different chains')
  }
  const copies = others.map(({ transaction }) => transaction)
  const transaction = joinSignatures(first.chainId, first.transaction, copies)
  if (!isRejection(transaction)) return { ...first, transaction }
  throw new CommandError('proposals_differ', 'the files are not copies of one proposal')
}
