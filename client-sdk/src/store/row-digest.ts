import { sha256, Writer } from '@tallystick/protocol'

/** What a column of a sealed table holds. */
export type SqlValue = string | number | Uint8Array

/** Bytes of the digest that a row carries. It finds accidents, not forgers: those write digests, too. */
export const ROW_DIGEST_BYTES = 16

/**
 * The digest of a row: the first 16 bytes of SHA-256 over its table, the kinds and lengths of its
 * values, and the values. Rows of one digest are one row (JRN-2).
 */
export function rowDigest(table: string, values: readonly unknown[]): Uint8Array {
  body.clear()
  let shape = ''
  for (const value of values) {
    const before = body.length
    const kind = writeValue(value)
    shape += `${shape === '' ? '' : ' '}${kind}${body.length - before}`
  }
  row.clear()
  row.text(`tallystick row ${table}: ${shape}\n`)
  row.bytes(body.view())
  return sha256(row.view()).slice(0, ROW_DIGEST_BYTES)
}

/** One buffer for all rows, and one for their values: only the digest is kept. */
const row = new Writer()
const body = new Writer()

/** Appends a value, and says its kind. A damaged row may hold what no row is written with; its digest is that of no other either. */
function writeValue(value: unknown): string {
  if (value instanceof Uint8Array) {
    body.bytes(value)
    return 'b'
  }
  body.text(String(value))
  if (typeof value === 'string') return 't'
  return value === null ? 'n' : 'i'
}
