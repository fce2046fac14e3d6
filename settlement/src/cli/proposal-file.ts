import { readFile, stat } from 'node:fs/promises'
import { awaitedKeys } from '@tallystick/client-sdk'
import { CommandError } from '@tallystick/daemon'
import {
  type ChainId,
  encode,
  fromHex,
  isRejection,
  type ParametersChange,
  parseTransaction,
  type Transaction,
  toHex,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { z } from 'zod'
import { complaint } from '../api/parameters.js'
import { writeDurableFile } from '../durable-file.js'
import { parametersFacts, parametersLines } from './parameters-facts.js'

/** The hex of the largest transaction takes half of it. */
const FILE_BYTES_MAX = 1_048_576

/**
 * A proposal on its way from one validator's machine to the next. What it does is in the transaction
 * alone: nothing beside it could say something else.
 */
const proposalFileSchema = z.strictObject({
  format: z.literal(1, 'a proposal of format 1 is due'),
  chain_id: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits are due'),
  transaction: z.string().regex(/^(?:[0-9a-f]{2})+$/, 'lower-case hex of whole bytes is due'),
})

/** A transaction that does nothing but change the parameters, and pay for it. */
export type Proposal = {
  readonly chainId: ChainId
  readonly transaction: Transaction
  /** Absent: what is scheduled is withdrawn. */
  readonly change: ParametersChange | undefined
}

/** Reads a proposal, whoever it came from. Throws `proposal_unusable`. */
export async function readProposal(path: string): Promise<Proposal> {
  const unusable = (why: string) => new CommandError('proposal_unusable', `${path}: ${why}`)
  if ((await stat(path)).size > FILE_BYTES_MAX) throw unusable('it is too large for a proposal')
  const parsed = proposalFileSchema.safeParse(parseJson(await readFile(path, 'utf8')))
  if (!parsed.success) throw unusable(complaint(parsed.error))
  const { chain_id: chainId, transaction: hex } = parsed.data
  const transaction = parseTransaction(fromHex(hex))
  if (isRejection(transaction)) throw unusable(transaction.detail)
  const { operations, reveals } = transaction.body
  const [operation] = operations
  // Whoever signs it is told of the change: it must not do anything besides.
  const isOne = operations.length === 1 && reveals.length === 0
  if (!isOne || operation?.kind !== 'changeParameters') {
    throw unusable('it does something else than to change the parameters')
  }
  return { chainId: chainId as ChainId, transaction, change: operation.change }
}

/** Writes a proposal, whole or not at all. */
export function writeProposal(
  path: string,
  { chainId, transaction }: Pick<Proposal, 'chainId' | 'transaction'>,
): Promise<void> {
  const file: z.input<typeof proposalFileSchema> = {
    format: 1,
    chain_id: chainId,
    transaction: toHex(encode(transactionCodec, transaction)),
  }
  return writeDurableFile(path, `${JSON.stringify(file, undefined, 2)}\n`, 0o644)
}

/** What a proposal does and who signs it, as JSON. */
export function proposalFacts({ chainId, transaction, change }: Proposal) {
  return {
    id: transactionId(chainId, transaction.body),
    chain_id: chainId,
    change:
      change === undefined
        ? null
        : {
            activation_height: change.activationHeight,
            parameters: parametersFacts(change.parameters),
          },
    /** Those whose signature is due, and those of them that did not sign yet. */
    signers: transaction.signers.map(({ publicKey }) => publicKey),
    awaited: awaitedKeys(chainId, transaction),
  }
}

/** The same for people. */
export function proposalText(proposal: Proposal): string {
  const { chainId, transaction, change } = proposal
  const { id, awaited } = proposalFacts(proposal)
  return [
    `proposal         ${id}`,
    `chain            ${chainId}`,
    ...(change === undefined
      ? ['change           what is scheduled is withdrawn']
      : [
          `change           from block ${change.activationHeight} on:`,
          ...parametersLines(change.parameters),
        ]),
    ...transaction.signers.map(({ publicKey }) => {
      return `${awaited.includes(publicKey) ? 'awaits          ' : 'signed by       '} ${publicKey}`
    }),
  ].join('\n')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // `JSON.parse` has no other way to say so; the schema refuses what is missing.
    return undefined
  }
}
