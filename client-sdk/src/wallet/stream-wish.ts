import { type Amount, ITEM_TICKS_MAX, type PublicKey } from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import type { FieldsOf } from './named-arguments.js'
import { parseFeeMax, parseValue } from './parse-arguments.js'

/** Ticks that may be given away and not served, unless told otherwise. */
const EXPOSURE = 16
const HEX_32 = /^[0-9a-f]{64}$/

/** How a stream is opened. */
export type StreamWish = {
  /** Identity key of the payee. */
  readonly to: PublicKey
  /** What the payee gets for a tick, base units, at least 1. */
  readonly unit: bigint
  /** Ticks of one chain, 2 to 65,536; another one follows while the `budget` lasts. */
  readonly ticks: number
  /** Ticks that the payee may owe service for at any instant, 1 to 1,024; absent: 16 (INV-32). */
  readonly exposure?: number
  /** Ticks that the stream pays in all; absent: no end. */
  readonly budget?: number
  /** The most that the hub may ask for each chain, base units. */
  readonly feeMax?: bigint
  /** The same key is the same stream until it is over. */
  readonly key?: string
}

/** What `stream.open` takes. */
export const STREAM_FIELDS: FieldsOf<StreamWish> = {
  to: true,
  unit: true,
  ticks: true,
  exposure: true,
  budget: true,
  feeMax: true,
  key: true,
}

/** A stream that can be opened. */
export type WishedStream = {
  readonly payee: PublicKey
  readonly unit: Amount
  readonly ticks: number
  readonly exposure: number
  readonly budget: number | undefined
  readonly feeMax?: bigint | undefined
}

/**
 * What callers hand in may come from plain JavaScript, so types promise nothing here. `own`: the identity of the wallet,
 * which does not pay itself. Errors: `payee_invalid`, `ticks_invalid`, `amount_invalid`.
 */
export function wishedStream(
  { to, unit, ticks, exposure = EXPOSURE, budget, feeMax }: StreamWish,
  own: PublicKey,
): WishedStream {
  if (typeof to !== 'string' || !HEX_32.test(to) || to === own) {
    throw new WalletError('payee_invalid', "to is another wallet's identity key, 64 hex digits")
  }
  if (!isWhole(ticks, 2, ITEM_TICKS_MAX)) {
    throw new WalletError('ticks_invalid', `ticks is a whole number of 2 to ${ITEM_TICKS_MAX}`)
  }
  if (!isWhole(exposure, 1, 1_024)) {
    throw new WalletError('ticks_invalid', 'exposure is a whole number of 1 to 1,024 ticks')
  }
  if (budget !== undefined && !isWhole(budget, 1, 2 ** 48)) {
    throw new WalletError('ticks_invalid', 'budget is a whole number of ticks above 0')
  }
  const value = parseValue(unit, 'unit')
  return { payee: to, unit: value, ticks, exposure, budget, feeMax: parseFeeMax(feeMax) }
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}
