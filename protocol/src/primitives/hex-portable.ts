const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

/** Lower-case hex of the bytes from `start` to `end`. */
export function hexOf(bytes: Uint8Array, start: number, end: number): string {
  let hex = ''
  for (let i = start; i < end; i++) hex += HEX_OF_BYTE[bytes[i] ?? 0]
  return hex
}
