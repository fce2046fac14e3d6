import { type Decoded, decode, encode, fixedBytes, list, struct, union } from '../codec/codec.js'
import { type SparseProof, verifyAbsence, verifyInclusion } from '../merkle/sparse-proof.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import {
  type EntryKind,
  STATE_ENTRIES,
  type StateEntries,
  stateKey,
  stateValueHash,
} from './state-entry.js'

/** Whether and how an entry stands under a state root (STATE-4). */
export const stateProofCodec = struct({
  /** From the root downwards. */
  siblings: list(fixedBytes(32), 256),
  terminal: union({
    present: [0, struct({})],
    empty: [1, struct({})],
    other: [2, struct({ key: fixedBytes(32), valueHash: fixedBytes(32) })],
  }),
})
export type StateProof = Decoded<typeof stateProofCodec>

/** The bytes of a proof as they travel. */
export function encodeStateProof(proof: SparseProof): Uint8Array {
  return encode(stateProofCodec, proof)
}

/**
 * The value of an entry as `stateRoot` commits to it; `{ value: undefined }` when it is proved that
 * there is none. `encodedValue` absent asks for exactly that proof.
 */
export function provenEntry<Kind extends EntryKind>(
  stateRoot: Uint8Array,
  kind: Kind,
  key: StateEntries[Kind]['key'],
  encodedValue: Uint8Array | undefined,
  proof: StateProof,
):
  | { readonly kind: 'proven'; readonly value: StateEntries[Kind]['value'] | undefined }
  | Rejection<'bad_state_proof' | 'malformed'> {
  const at = stateKey(kind, key)
  if (encodedValue === undefined) {
    return verifyAbsence(stateRoot, at, proof)
      ? { kind: 'proven', value: undefined }
      : reject('bad_state_proof', `the proof does not show that this ${kind} is absent`)
  }
  if (!verifyInclusion(stateRoot, at, stateValueHash(kind, encodedValue), proof)) {
    return reject('bad_state_proof', `the proof does not show this ${kind}`)
  }
  const value = decode(STATE_ENTRIES[kind].value, encodedValue)
  return isRejection(value)
    ? (value as Rejection<'malformed'>)
    : { kind: 'proven', value: value as StateEntries[Kind]['value'] }
}
