import { type Channel, type Entrusted, isClosing, type OperationOf } from '@tallystick/protocol'
import { type AnswerContext, answerForceClose } from './answer-force-close.js'

/**
 * The challenge that a guard owes an owner (DSP-12), given the channel as the ledger has it now:
 * `undefined` while there is none to make. It asks for a signature by the guard's key, and its fee
 * for the guard's own coins. `revealedBy` answers for the items of all lanes.
 */
export function entrustedChallenge(
  { owner, channel, appointment, proof, own, resume }: Entrusted,
  ledger: Channel,
  context: AnswerContext,
): OperationOf<'challenge'> | undefined {
  if (ledger.id !== channel || !isClosing(ledger) || ledger.status.by === owner) return undefined
  const guard = { appointment, ownEvidence: own?.evidence }
  // A resume says nothing without the lane that went on from it.
  const shown = { proof, own: own?.lane, resume: own && resume, guard }
  return answerForceClose(shown, ledger, context)
}
