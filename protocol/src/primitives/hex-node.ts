/** Lower-case hex of `bytes`. */
export function hexOf(bytes: Uint8Array): string {
  // One Buffer for all short ones: making it costs as much as the digits do.
  if (bytes.length > SHORT.length) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  }
  SHORT.set(bytes)
  return SHORT.toString('hex', 0, bytes.length)
}

const SHORT = Buffer.alloc(64)
