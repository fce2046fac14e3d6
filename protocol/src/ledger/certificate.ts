import { type Decoded, fixedBytes, integer, list, refine, struct } from '../codec/codec.js'
import { verifySignature } from '../crypto/ed25519.js'
import { ascends } from '../primitives/order.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { type BlockHeader, blockDigest } from './block-header.js'
import { VALIDATORS_MAX } from './limits.js'
import type { Parameters } from './parameters.js'

/** Validators' signatures under a header's digest; travels beside the header (BLK-4). */
export const certificateCodec = refine(
  list(
    struct({ validator: integer(VALIDATORS_MAX - 1), signature: fixedBytes(64) }),
    VALIDATORS_MAX,
    1,
  ),
  (signatures) => ascends(signatures, (a, b) => a.validator - b.validator),
  'the validators of a certificate ascend and differ',
)
export type Certificate = Decoded<typeof certificateCodec>

/** Whether enough of the validators signed `header`: `undefined` when they did. */
export function checkCertificate(
  header: BlockHeader,
  certificate: Certificate,
  { validators, quorum }: Pick<Parameters, 'validators' | 'quorum'>,
): Rejection<'bad_certificate'> | undefined {
  const digest = blockDigest(header)
  for (const { validator, signature } of certificate) {
    const key = validators[validator]
    if (key === undefined || !verifySignature(key, digest, signature)) {
      return reject('bad_certificate', `signature ${validator} of block ${header.height} is wrong`)
    }
  }
  return certificate.length >= quorum
    ? undefined
    : reject(
        'bad_certificate',
        `block ${header.height} has ${certificate.length} signatures of the ${quorum} it needs`,
      )
}
