/** Lower-case hex of the bytes from `start` to `end`. */
export function hexOf(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  // One Buffer for all short ones: making it costs as much as the digits do.
  if (length > SHORT.length) {
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('hex')
  }
  for (let i = 0; i < length; i++) SHORT[i] = bytes[start + i] ?? 0
  return SHORT.toString('hex', 0, length)
}

const SHORT = Buffer.alloc(64)
