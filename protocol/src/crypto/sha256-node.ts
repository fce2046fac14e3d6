import { hash } from 'node:crypto'

/** SHA-256 by Node's native one-shot digest, 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', data, 'buffer'))
}
