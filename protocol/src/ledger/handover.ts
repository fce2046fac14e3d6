import { type Decoded, encode, struct } from '../codec/codec.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import { blockHeaderCodec } from './block-header.js'
import { certificateCodec, checkCertificate } from './certificate.js'
import { chainIdOf, type Genesis } from './genesis.js'
import { type Parameters, parametersChangeCodec } from './parameters.js'
import { provenEntry, stateProofCodec } from './state-proof.js'

/**
 * Shows to somebody without the state which parameters follow on those in force (PAR-5): the last
 * header under the old ones, certified by the old validators, and the scheduled change below its
 * state root. From that state on nobody can withdraw the change.
 */
export const handoverCodec = struct({
  header: blockHeaderCodec,
  certificate: certificateCodec,
  change: parametersChangeCodec,
  proof: stateProofCodec,
})
export type Handover = Decoded<typeof handoverCodec>

/** Whether the change is what follows on its header; the certificate is for the caller to check. */
export function checkHandover({
  header,
  change,
  proof,
}: Handover):
  | Rejection<'handover_not_due' | 'wrong_revision' | 'bad_state_proof' | 'malformed'>
  | undefined {
  const { activationHeight, parameters } = change
  if (activationHeight !== header.height + 1) {
    return reject(
      'handover_not_due',
      `block ${header.height} is not the last before ${activationHeight}: it could be withdrawn yet`,
    )
  }
  if (parameters.revision !== header.revision + 1) {
    const detail = `on parameters ${header.revision} follow ${header.revision + 1}`
    return reject('wrong_revision', `${detail}, not ${parameters.revision}`)
  }
  const value = encode(parametersChangeCodec, change)
  const entry = provenEntry(header.stateRoot, 'parametersChange', {}, value, proof)
  return isRejection(entry) ? entry : undefined
}

/** Why handovers do not lead on from a genesis. */
export type HandoverChainRejection =
  | Exclude<ReturnType<typeof checkHandover>, undefined>
  | Rejection<'wrong_chain' | 'bad_certificate'>

/**
 * The parameters that were ever in force, by revision, from the genesis on: each handover certified
 * by those before it (PAR-5). Refused at the first that does not follow.
 */
export function followHandovers(
  genesis: Genesis,
  handovers: readonly Handover[],
): readonly Parameters[] | HandoverChainRejection {
  const chainId = chainIdOf(genesis)
  let parameters = genesis.parameters
  const eras = [parameters]
  for (const handover of handovers) {
    const { header, certificate, change } = handover
    if (header.chainId !== chainId) {
      return reject('wrong_chain', `this is chain ${chainId}, not ${header.chainId}`)
    }
    if (header.revision !== parameters.revision) {
      const detail = `a handover from parameters ${parameters.revision} is due`
      return reject('wrong_revision', `${detail}, not from ${header.revision}`)
    }
    const refused = checkCertificate(header, certificate, parameters) ?? checkHandover(handover)
    if (refused !== undefined) return refused
    parameters = change.parameters
    eras.push(parameters)
  }
  return eras
}
