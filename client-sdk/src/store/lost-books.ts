import { decodeWalletChannel, encodeWalletChannel } from '../wallet/wallet-records.js'

/** The record of a channel in a copy that may be old: nobody knows what was signed since it was made (JRN-6). */
export function withLostBooks(channel: Uint8Array): Uint8Array {
  return encodeWalletChannel({ ...decodeWalletChannel(channel), books: 'lost' })
}
