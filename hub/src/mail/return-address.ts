import { createCipheriv, createDecipheriv } from 'node:crypto'
import {
  concatBytes,
  fromHex,
  type PublicKey,
  parsePublicKey,
  parseTimestamp,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'

const CIPHER = 'chacha20-poly1305'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
const TIME_BYTES = 8
const SEALED_BYTES = KEY_BYTES + TIME_BYTES

/**
 * Where a letter can be answered until `expiry`: the sender's identity, under a key of the hub alone
 * (MAIL-3). No two of them tell that they are of the same sender. `nonce`: 12 fresh random bytes.
 */
export function returnAddressOf(
  key: Uint8Array,
  sender: PublicKey,
  expiry: Timestamp,
  nonce: Uint8Array,
): Uint8Array {
  const plain = new Uint8Array(SEALED_BYTES)
  plain.set(fromHex(sender))
  new DataView(plain.buffer).setBigUint64(KEY_BYTES, BigInt(expiry))
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  const sealed = concatBytes(cipher.update(plain), cipher.final())
  return concatBytes(nonce, sealed, cipher.getAuthTag())
}

/** Whose address it is; absent: this hub did not make it, or it is over. */
export function senderOf(
  key: Uint8Array,
  address: Uint8Array,
  now: Timestamp,
): PublicKey | undefined {
  if (address.length !== NONCE_BYTES + SEALED_BYTES + TAG_BYTES) return undefined
  const options = { authTagLength: TAG_BYTES }
  const decipher = createDecipheriv(CIPHER, key, address.subarray(0, NONCE_BYTES), options)
  decipher.setAuthTag(address.subarray(NONCE_BYTES + SEALED_BYTES))
  const plain = new Uint8Array(
    decipher.update(address.subarray(NONCE_BYTES, NONCE_BYTES + SEALED_BYTES)),
  )
  try {
    decipher.final()
  } catch {
    // Node has no other way to say that the tag is not of these bytes.
    return undefined
  }
  const expiry = parseTimestamp(Number(new DataView(plain.buffer).getBigUint64(KEY_BYTES)))
  return expiry !== undefined && now <= expiry
    ? parsePublicKey(toHex(plain.subarray(0, KEY_BYTES)))
    : undefined
}
