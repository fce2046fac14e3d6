import { equalBytes, fromHex } from '../primitives/bytes.js'

/*
 * What "a strict signature" means, before any curve arithmetic (design §3). Libraries differ on
 * exactly these inputs, so they are refused here, by one piece of code, in front of all of them.
 *
 * A point is 32 bytes: y, 255 bits little-endian, and the sign of x in the topmost bit. S is 32
 * bytes little-endian. Three kinds of encodings are refused:
 *
 * 1. y >= p = 2^255 - 19. The same point has a shorter name, so a key would not be unique.
 * 2. x = 0 with the sign bit set ("negative zero"). It happens at y = 1 and y = -1 only.
 * 3. Points of order 1, 2, 4 or 8. With such a key one signature fits many messages. There are
 *    eight of them, with five values of y between them: 0, 1, -1 and two of order 8.
 *
 * Comparing y without the sign against these five covers 3 for both signs, and with it 2.
 */

const PUBLIC_KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const SIGN_BIT = 0x80

/** The order L of the base point, 2^252 + 27742317777372353535851937790883648493. */
const ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
/** The field prime p. */
const PRIME = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

const SMALL_ORDER_YS: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex)

/**
 * Whether a key and a signature may go on to the equation: 32 and 64 bytes, S below the group
 * order, and both points (A, the key, and R) strictly encoded. Says nothing about validity.
 */
export function hasStrictEncoding(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    isBelow(signature.subarray(32), ORDER) &&
    isStrictPoint(publicKey) &&
    isStrictPoint(signature.subarray(0, 32))
  )
}

/**
 * Whether these are 32 bytes that name a point in its only form, and none of small order. About
 * half of such y have no x on the curve; that is found out when the equation is computed.
 */
export function isStrictPoint(encoded: Uint8Array): boolean {
  if (encoded.length !== PUBLIC_KEY_BYTES) return false
  const y = new Uint8Array(encoded)
  y[31] = (y[31] ?? 0) & ~SIGN_BIT
  return isBelow(y, PRIME) && !SMALL_ORDER_YS.some((small) => equalBytes(y, small))
}

/** Little-endian `value < bound`, both 32 bytes. */
function isBelow(value: Uint8Array, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (value[i] ?? 0) - (bound[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
