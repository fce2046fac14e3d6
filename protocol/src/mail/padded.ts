/** Bytes of the content's length before it, big-endian. */
const LENGTH_BYTES = 4

/** The content behind its length, and zeros up to `size` bytes; absent: it does not fit. */
export function padded(content: Uint8Array, size: number): Uint8Array | undefined {
  if (LENGTH_BYTES + content.length > size) return undefined
  const whole = new Uint8Array(size)
  new DataView(whole.buffer).setUint32(0, content.length)
  whole.set(content, LENGTH_BYTES)
  return whole
}

/** What `padded` made; absent: it did not make this. */
export function unpadded(whole: Uint8Array): Uint8Array | undefined {
  if (whole.length < LENGTH_BYTES) return undefined
  const end = LENGTH_BYTES + new DataView(whole.buffer, whole.byteOffset).getUint32(0)
  if (end > whole.length || !whole.subarray(end).every((byte) => byte === 0)) return undefined
  return whole.subarray(LENGTH_BYTES, end)
}
