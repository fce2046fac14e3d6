import { type BlockHeader, blockDigest, type Certificate, type Signer } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import type { Authority, Engine } from './engine.js'

/** One sequencer whose signature alone makes blocks final, where the parameters say so. */
export function soloEngine(signer: Signer): Engine {
  const validatorOf = ({ validators, quorum }: Authority): number => {
    const validator = validators.indexOf(signer.publicKey)
    if (validator >= 0 && quorum === 1) return validator
    const why =
      validator < 0
        ? 'which is none of the validators in force'
        : `which alone does not make a quorum of ${quorum}`
    throw new LedgerFault('not_a_validator', `this node signs as ${signer.publicKey}, ${why}`)
  }
  let certified = -1
  return {
    requireAuthority: (authority) => {
      validatorOf(authority)
    },
    certify: async (candidate: BlockHeader, authority: Authority): Promise<Certificate> => {
      const validator = validatorOf(authority)
      if (candidate.height <= certified) {
        throw new LedgerFault('store_failed', `height ${candidate.height} was certified already`)
      }
      certified = candidate.height
      return [{ validator, signature: signer.sign(blockDigest(candidate)) }]
    },
  }
}
