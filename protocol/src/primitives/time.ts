import type { Brand } from './brand.js'
import { invariant } from './invariant.js'

/** Ledger time: whole seconds since 1970-01-01T00:00:00Z, carried by block headers. */
export type Timestamp = Brand<number, 'Timestamp'>

/** The largest time a rule may name, 2^40-1 seconds (the year 36,812). Also means "no bound". */
export const TIMESTAMP_MAX = (2 ** 40 - 1) as Timestamp

/** A checked time; `undefined` when not a whole number in 0..2^40-1. */
export function parseTimestamp(value: number): Timestamp | undefined {
  return Number.isSafeInteger(value) && value >= 0 && value <= TIMESTAMP_MAX
    ? (value as Timestamp)
    : undefined
}

/** A time that is known to be in range. Throws `BrokenInvariant` otherwise. */
export function timestamp(value: number): Timestamp {
  const checked = parseTimestamp(value)
  invariant(checked !== undefined, 'a timestamp lies in 0..2^40-1')
  return checked
}

/** `time + seconds`, capped at the largest time. */
export function addSeconds(time: Timestamp, seconds: number): Timestamp {
  return timestamp(Math.min(time + seconds, TIMESTAMP_MAX))
}
