import fc from 'fast-check'
import { toHex } from '#protocol/primitives/bytes.js'
import { flipped, sha256, ZEROS } from './merkle-reference.js'

/** Few value hashes, so that equal ones meet; zeros are as good as any. */
export const VALUES: readonly Uint8Array[] = [
  ZEROS,
  flipped(ZEROS, 7),
  new Uint8Array(32).fill(0xff),
  sha256(ZEROS),
]

/** Keys that often repeat, often share up to 255 bits, and random ones between them. */
export const keyArbitrary = fc.oneof(
  fc
    .record({
      fill: fc.constantFrom(0x00, 0xff),
      bit: fc.constantFrom(0, 1, 2, 7, 8, 100, 254, 255),
    })
    .map(({ fill, bit }) => flipped(new Uint8Array(32).fill(fill), bit)),
  fc.nat(7).map((i) => sha256(Uint8Array.of(i))),
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
)

const valueArbitrary = fc.constantFrom(...VALUES)
const onceEach = {
  selector: ({ key }: { readonly key: Uint8Array }) => toHex(key),
  maxLength: 24,
}

/** Entries with different keys. */
export const entriesArbitrary = fc.uniqueArray(
  fc.record({ key: keyArbitrary, valueHash: valueArbitrary }),
  onceEach,
)

/** Insertions, replacements and, for every third or so, deletions, with different keys. */
export const batchArbitrary = fc.uniqueArray(
  fc.record({
    key: keyArbitrary,
    valueHash: fc.option(valueArbitrary, { nil: undefined, freq: 2 }),
  }),
  onceEach,
)
