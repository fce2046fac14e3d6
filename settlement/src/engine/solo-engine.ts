import { blockDigest, type Parameters, type Signer } from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { BlockPace, type BlockTiming } from './block-pace.js'
import type { Engine } from './engine.js'

/** One sequencer whose signature alone makes blocks final. Throws unless the genesis says so. */
export function soloEngine(
  signer: Signer,
  { validators, quorum }: Pick<Parameters, 'validators' | 'quorum'>,
  timing: BlockTiming,
): Engine {
  const validator = validators.indexOf(signer.publicKey)
  if (validator < 0 || quorum !== 1) {
    throw new LedgerFault(
      'not_a_validator',
      `this node signs as ${signer.publicKey}, which alone does not make a quorum of ${quorum}`,
    )
  }
  const pace = new BlockPace(timing)
  let certified = -1
  return {
    propose: async ({ isWaiting, signal }) => {
      return { kind: (await pace.due(isWaiting, signal)) ? 'build' : 'stopped' }
    },
    certify: async ({ header }) => {
      if (header.height <= certified) {
        throw new LedgerFault('store_failed', `height ${header.height} was certified already`)
      }
      certified = header.height
      return [{ validator, signature: signer.sign(blockDigest(header)) }]
    },
    finalize: () => pace.made(),
  }
}
