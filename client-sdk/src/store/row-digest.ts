import { concatBytes, sha256, utf8 } from '@tallystick/protocol'

/** What a column of a sealed table holds. */
export type SqlValue = string | number | Uint8Array

/** Bytes of the digest that a row carries. It finds accidents, not forgers: those write digests, too. */
export const ROW_DIGEST_BYTES = 16

/**
 * The digest of a row: the first 16 bytes of SHA-256 over its table, the kinds and lengths of its
 * values, and the values. Rows of one digest are one row (JRN-2).
 */
export function rowDigest(table: string, values: readonly unknown[]): Uint8Array {
  const parts = values.map(partOf)
  const shape = parts.map(({ kind, bytes }) => `${kind}${bytes.length}`).join(' ')
  const shaped = utf8(`tallystick row ${table}: ${shape}\n`)
  return sha256(concatBytes(shaped, ...parts.map(({ bytes }) => bytes))).slice(0, ROW_DIGEST_BYTES)
}

/** A damaged row may hold what no row is written with; its digest is that of no other either. */
function partOf(value: unknown): { readonly kind: string; readonly bytes: Uint8Array } {
  if (value instanceof Uint8Array) return { kind: 'b', bytes: value }
  if (typeof value === 'string') return { kind: 't', bytes: utf8(value) }
  return { kind: value === null ? 'n' : 'i', bytes: utf8(String(value)) }
}
