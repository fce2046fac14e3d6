import { createHash } from 'node:crypto'
import { publicKeyFromSeed } from './symbolic-ed25519.js'

/*
 * Agreement on secrets under symbolic keys, which are no points of a curve: who knows what went over the wire could
 * make it up. The simulator's liars do not.
 */

export const AGREEMENT_BYTES = 32

export function agreementPoint(secret: Uint8Array): Uint8Array {
  return hashOf('symbolic agreement point', secret)
}

export function agreeWithKey(secret: Uint8Array, peer: string): Uint8Array {
  return hashOf('symbolic agreement', agreementPoint(secret), Buffer.from(peer, 'hex'))
}

export function agreementFromSeed(seed: Uint8Array): (point: Uint8Array) => Uint8Array {
  const key = publicKeyFromSeed(seed)
  return (point) => hashOf('symbolic agreement', point, key)
}

function hashOf(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
