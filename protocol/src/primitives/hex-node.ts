/** Lower-case hex of `bytes`. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** Bytes of hex digits; `undefined` when something else is among them. */
export function bytesOf(hex: string): Uint8Array | undefined {
  const bytes = new Uint8Array(hex.length >>> 1)
  // Writing stops at the first character that is no digit.
  const written = Buffer.from(bytes.buffer).write(hex, 'hex')
  return 2 * written === hex.length ? bytes : undefined
}
