import { verifySignature } from '@tallystick/protocol'
import type { VerifySignatures } from '#hub/pipeline/proof-checks.js'

/** The verdicts of the workers, without workers. */
export const verifyHere: VerifySignatures = async (checks) =>
  checks.map(({ publicKey, digest, signature }) => verifySignature(publicKey, digest, signature))
