import { createHash } from 'node:crypto'
import { fromHex, toHex } from '#protocol/primitives/bytes.js'

/*
 * The definitions of both Merkle trees, written down a second time and as plainly as they can be
 * said, from Node's hash and nothing of the code under test but hex.
 */

/** 32 zero bytes: the root of an empty list, the hash of an empty subtree. */
export const ZEROS = new Uint8Array(32)

/** SHA-256 of `parts` one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const digest = parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
  return new Uint8Array(digest)
}

/** A copy with one bit turned; bit 0 is the most significant of the first byte. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (0x80 >>> (bit & 7)) : byte))
}

/** Tag 0x05 of the specification. */
export function listLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0x05), leaf)
}

/** Tag 0x06 of the specification. */
export function listNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0x06), left, right)
}

/** Tag 0x09 of the specification. */
export function stateLeaf(key: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(0x09), key, valueHash)
}

/** HASH-3: the one node without a tag. */
export function stateNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(left, right)
}

/** The definition of RFC 6962 §2.1, word for word. */
export function naiveListRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) return ZEROS
  if (leaves.length === 1) return listLeaf(first)
  const split = splitOf(leaves.length)
  return listNode(naiveListRoot(leaves.slice(0, split)), naiveListRoot(leaves.slice(split)))
}

/** The turns from leaf `index` of `count` up to the root: on which side each sibling stands. */
export function turns(index: number, count: number): string {
  if (count === 1) return ''
  const split = splitOf(count)
  return index < split ? `${turns(index, split)}R` : `${turns(index - split, count - split)}L`
}

/** Hex of each key to hex of its value hash: what a sparse tree should hold. */
export type Model = ReadonlyMap<string, string>

/** `model` after `changes`, one after the other. */
export function modelAfter(
  model: Model,
  changes: readonly { readonly key: Uint8Array; readonly valueHash: Uint8Array | undefined }[],
): Model {
  const after = new Map(model)
  for (const { key, valueHash } of changes) {
    if (valueHash === undefined) after.delete(toHex(key))
    else after.set(toHex(key), toHex(valueHash))
  }
  return after
}

/** The definition of the sparse tree, from keys spelled out as 256 characters 0 and 1. */
export function naiveSparseRoot(model: Model): Uint8Array {
  const spelled = [...model].map(([key, valueHash]) => ({
    bits: Array.from(fromHex(key), (byte) => byte.toString(2).padStart(8, '0')).join(''),
    leaf: stateLeaf(fromHex(key), fromHex(valueHash)),
  }))
  const rootUnder = (prefix: string): Uint8Array => {
    const under = spelled.filter(({ bits }) => bits.startsWith(prefix))
    if (under.length < 2) return under[0]?.leaf ?? ZEROS
    return stateNode(rootUnder(`${prefix}0`), rootUnder(`${prefix}1`))
  }
  return rootUnder('')
}

/** Largest power of two smaller than `count`. */
function splitOf(count: number): number {
  let split = 1
  while (2 * split < count) split *= 2
  return split
}
