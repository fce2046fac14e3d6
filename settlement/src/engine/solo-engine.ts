import { blockDigest, type Signer } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { BlockPace, type BlockTiming } from './block-pace.js'
import type { Authority, Engine } from './engine.js'

/** One sequencer whose signature alone makes blocks final, where the parameters say so. */
export function soloEngine(signer: Signer, timing: BlockTiming): Engine {
  const validatorOf = ({ validators, quorum }: Authority): number => {
    const validator = validators.indexOf(signer.publicKey)
    if (validator >= 0 && quorum === 1) return validator
    const why =
      validator < 0
        ? 'which is none of the validators in force'
        : `which alone does not make a quorum of ${quorum}`
    throw new LedgerFault('not_a_validator', `this node signs as ${signer.publicKey}, ${why}`)
  }
  const pace = new BlockPace(timing)
  let certified = -1
  return {
    propose: async ({ authority, isWaiting, signal }) => {
      validatorOf(authority)
      return { kind: (await pace.due(isWaiting, signal)) ? 'build' : 'stopped' }
    },
    certify: async ({ header }, authority) => {
      const validator = validatorOf(authority)
      if (header.height <= certified) {
        throw new LedgerFault('store_failed', `height ${header.height} was certified already`)
      }
      certified = header.height
      return [{ validator, signature: signer.sign(blockDigest(header)) }]
    },
    finalize: () => pace.made(),
  }
}
