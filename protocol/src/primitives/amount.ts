import type { Brand } from './brand.js'
import { invariant } from './invariant.js'

/** Base units of one asset, 0 to 2^63-1. A sum of two is a plain `bigint` until it is checked again. */
export type Amount = Brand<bigint, 'Amount'>

/** The largest amount, 2^63-1: it fits a signed 64-bit column everywhere. */
export const AMOUNT_MAX = 2n ** 63n - 1n

/** A checked amount; `undefined` when `value` is negative or above `AMOUNT_MAX`. */
export function parseAmount(value: bigint): Amount | undefined {
  return value >= 0n && value <= AMOUNT_MAX ? (value as Amount) : undefined
}

/** An amount that is known to be in range. Throws `BrokenInvariant` otherwise. */
export function amount(value: bigint): Amount {
  const checked = parseAmount(value)
  invariant(checked !== undefined, 'an amount lies in 0..2^63-1')
  return checked
}

export const ZERO = 0n as Amount

/** Parts per million of `value`, rounded down. `value` in base units, `ppm` 0..1,000,000. */
export function partsPerMillion(value: bigint, ppm: number): bigint {
  return (value * BigInt(ppm)) / 1_000_000n
}
