import {
  type BlockHeader,
  blockDigest,
  type Certificate,
  type Parameters,
  type Signer,
} from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import type { Engine } from './engine.js'

/** One sequencer whose signature alone makes blocks final. Throws unless the genesis says so. */
export function soloEngine(
  signer: Signer,
  { validators, quorum }: Pick<Parameters, 'validators' | 'quorum'>,
): Engine {
  const validator = validators.indexOf(signer.publicKey)
  if (validator < 0 || quorum !== 1) {
    throw new LedgerFault(
      'not_a_validator',
      `this node signs as ${signer.publicKey}, which alone does not make a quorum of ${quorum}`,
    )
  }
  let certified = -1
  return {
    validators,
    quorum,
    certify: async (candidate: BlockHeader): Promise<Certificate> => {
      if (candidate.height <= certified) {
        throw new LedgerFault('store_failed', `height ${candidate.height} was certified already`)
      }
      certified = candidate.height
      return [{ validator, signature: signer.sign(blockDigest(candidate)) }]
    },
  }
}
