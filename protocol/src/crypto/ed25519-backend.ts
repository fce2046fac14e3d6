import { fromHex } from '../primitives/bytes.js'

/**
 * One implementation of the curve. All of them are synchronous and give the same answers, byte for
 * byte, on every input that passed `hasStrictEncoding`. They own none of the arrays handed in.
 */
export type Ed25519Backend = {
  /**
   * The cofactorless equation, `R == [S]B - [h]A` with `h = SHA-512(R || A || message) mod L`,
   * compared as bytes. Takes 32 and 64 strictly encoded bytes; false when A is not on the curve.
   */
  readonly verifyEquation: (
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ) => boolean
  /** The 32-byte public key of a 32-byte seed (RFC 8032, 5.1.5). */
  readonly publicKeyFromSeed: (seed: Uint8Array) => Uint8Array
  /**
   * The 64-byte deterministic signature. `publicKey` must be the seed's own: some backends hash
   * what they are given, and two signatures of one message under two keys give the secret away.
   */
  readonly signWithSeed: (
    seed: Uint8Array,
    publicKey: Uint8Array,
    message: Uint8Array,
  ) => Uint8Array
}

/*
 * Vectors 3 and 4 of "Taming the many EdDSAs" (vectors/ed25519-speccheck.json). A and R carry a
 * component of small order; the first holds in both equations, the second in the cofactored one.
 */
const MIXED_KEY = fromHex('cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d')
const BOTH_MESSAGE = fromHex('9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79')
const BOTH_SIGNATURE = fromHex(
  '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f' +
    '87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
)
const COFACTORED_MESSAGE = fromHex(
  'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
)
const COFACTORED_SIGNATURE = fromHex(
  '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512' +
    '5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
)

/**
 * Whether a backend checks the equation that we mean. Libraries have changed it between releases,
 * and two nodes that differ in it can be made to disagree about what is on the ledger.
 */
export function isCofactorless({ verifyEquation }: Ed25519Backend): boolean {
  return (
    verifyEquation(MIXED_KEY, BOTH_MESSAGE, BOTH_SIGNATURE) &&
    !verifyEquation(MIXED_KEY, COFACTORED_MESSAGE, COFACTORED_SIGNATURE)
  )
}
