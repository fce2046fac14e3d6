import { invariant } from '@tallystick/protocol'

/** Seven bits of an amount a byte; 2^63-1 takes nine. */
const AMOUNT_BYTES_MAX = 9

/**
 * The largest amount that together with the fee for stating it fits into `rest`; 0: none does. The
 * fee depends on the amount through its length alone, so each length is tried, the longest first.
 */
export function largestAmount(rest: bigint, feeStating: (value: bigint) => bigint): bigint {
  for (let length = AMOUNT_BYTES_MAX; length >= 1; length--) {
    const { least, most } = amountsOf(length)
    if (least > rest) continue
    const left = rest - feeStating(least)
    if (left >= least) return left < most ? left : most
  }
  return 0n
}

/** The smallest amount that is at least the fee for stating it. */
export function smallestAmount(feeStating: (value: bigint) => bigint): bigint {
  for (let length = 1; length <= AMOUNT_BYTES_MAX; length++) {
    const { least, most } = amountsOf(length)
    const fee = feeStating(least)
    if (fee <= most) return fee > least ? fee : least
  }
  invariant(false, 'a fee lies in 0..2^63-1')
}

/** The amounts above zero whose encoding has `length` bytes. */
function amountsOf(length: number): { readonly least: bigint; readonly most: bigint } {
  return { least: 1n << BigInt(7 * (length - 1)), most: (1n << BigInt(7 * length)) - 1n }
}
