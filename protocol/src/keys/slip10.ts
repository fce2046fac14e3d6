import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8 } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'

const CURVE = utf8('ed25519 seed')
const HARDENED = 2 ** 31

/** The largest index of a path step, 2^31-1; the hardening bit is added to it. */
export const PATH_INDEX_MAX = HARDENED - 1

/**
 * The 32-byte Ed25519 seed at `path` below `masterSeed` (16 to 64 bytes), after SLIP-0010. Every
 * step is hardened, the only kind that the curve has: `[44, 0]` means m/44'/0'.
 */
export function deriveSeed(masterSeed: Uint8Array, path: readonly number[]): Uint8Array {
  invariant(masterSeed.length >= 16 && masterSeed.length <= 64, 'a master seed has 16..64 bytes')
  let node: Uint8Array = hmac(sha512, CURVE, masterSeed)
  for (const index of path) node = deriveSeedChild(node, index)
  return node.slice(0, 32)
}

/** From one node to the next; a node is a 32-byte seed followed by a 32-byte chain code. */
function deriveSeedChild(node: Uint8Array, index: number): Uint8Array {
  invariant(
    Number.isInteger(index) && index >= 0 && index <= PATH_INDEX_MAX,
    'a path index lies in 0..2^31-1',
  )
  const step = new Uint8Array(4)
  new DataView(step.buffer).setUint32(0, HARDENED + index)
  const data = concatBytes(Uint8Array.of(0), node.subarray(0, 32), step)
  return hmac(sha512, node.subarray(32), data)
}
