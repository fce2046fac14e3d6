import assert from 'node:assert/strict'
import { Pipeline, type PipelineParts } from '#hub/pipeline/pipeline.js'
import type { Journal } from '#hub/store/journal.js'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { POLICY } from './hub-world.js'
import { verifyHere } from './verify-here.js'

/** A pipeline that goes on where another stopped makes no nonce again. */
let nonces = 0

/** What a test does in place of the journal, or sees of the pipeline. */
export type PipelineWatch = Partial<Pick<Journal, 'payments' | 'reveals' | 'commit'>> &
  Partial<Pick<PipelineParts, 'perform' | 'onFault'>>

/** The pipeline of the test hub over `journal`; a fault that nobody watches for fails the test. */
export function testPipeline(
  journal: Journal,
  {
    perform = () => undefined,
    onFault = (fault) => assert.fail(String(fault)),
    ...instead
  }: PipelineWatch,
): Pipeline {
  return new Pipeline({
    ...{ chainId: CHAIN, policy: POLICY, signer: SIGNERS.hub, verify: verifyHere },
    ...{ time: NOW, restoredTime: undefined, perform, onFault },
    journal: {
      stored: journal.stored,
      payments: (anchors) => journal.payments(anchors),
      reveals: (anchors) => journal.reveals(anchors),
      commit: (writes, height) => journal.commit(writes, height),
      ...instead,
    },
    randomBytes: (length) => new Uint8Array(length).fill(++nonces),
  })
}
