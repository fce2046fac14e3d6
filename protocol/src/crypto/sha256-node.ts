import { hash } from 'node:crypto'

/**
 * SHA-256 by Node's native one-shot digest, 32 bytes. It is asked for as a string of one character
 * per byte: 0.25 us for 36 bytes, where the Buffer that Node makes otherwise costs 0.68 us.
 */
export function sha256(data: Uint8Array): Uint8Array {
  const characters = hash('sha256', data, 'binary')
  const digest = new Uint8Array(32)
  for (let i = 0; i < 32; i++) digest[i] = characters.charCodeAt(i)
  return digest
}
