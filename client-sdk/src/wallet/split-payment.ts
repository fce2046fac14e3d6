import { type Amount, amount, type ChannelId } from '@tallystick/protocol'
import { PARTS_MAX } from './wallet-records.js'

/** A channel that can pay, and what it could still promise, base units, fees included. */
export type PayingChannel = { readonly channel: ChannelId; readonly spendable: bigint }

/** What one channel pays of a payment, and what the hub asks for carrying that on. */
export type PlannedPart = {
  readonly channel: ChannelId
  readonly amount: Amount
  readonly fee: Amount
}

export type SplitRules = {
  /** The fee for carrying an amount on, which falls for no larger amount. */
  readonly feeOf: (amount: bigint) => bigint
  /** The smallest amount of one part, base units. */
  readonly partMin: bigint
  readonly partsMax?: number
}

/**
 * Spreads `value` over the fewest channels that can pay it, those with most first (PAY-6); one part
 * where one channel is enough. Absent: they cannot.
 */
export function splitPayment(
  value: bigint,
  channels: readonly PayingChannel[],
  { feeOf, partMin, partsMax = PARTS_MAX }: SplitRules,
): readonly PlannedPart[] | undefined {
  const rooms = channels
    .map(({ channel, spendable }) => ({ channel, most: mostUnder(spendable, feeOf) }))
    .sort((a, b) => (a.most === b.most ? 0 : a.most < b.most ? 1 : -1))
  const parts: { channel: ChannelId; value: bigint }[] = []
  let left = value
  for (const { channel, most } of rooms.slice(0, partsMax)) {
    if (left === 0n || most < partMin) break
    const taken = left < most ? left : most
    parts.push({ channel, value: taken })
    left -= taken
  }
  return left === 0n && leaveEnough(parts, partMin)
    ? parts.map(({ channel, value }) => {
        return { channel, amount: amount(value), fee: amount(feeOf(value)) }
      })
    : undefined
}

/** The most that these channels can pay together, base units, fees not included. */
export function mostPayable(
  channels: readonly PayingChannel[],
  { feeOf, partsMax = PARTS_MAX }: SplitRules,
): bigint {
  return channels
    .map(({ spendable }) => mostUnder(spendable, feeOf))
    .sort((a, b) => (a === b ? 0 : a < b ? 1 : -1))
    .slice(0, partsMax)
    .reduce((sum, most) => sum + most, 0n)
}

/** The last part may be too small for an item: those before it leave it as much as it needs. */
function leaveEnough(parts: { value: bigint }[], partMin: bigint): boolean {
  const last = parts.at(-1)
  if (last === undefined) return false
  for (const part of parts.slice(0, -1)) {
    if (last.value >= partMin) break
    const spare = part.value - partMin
    const given = spare < partMin - last.value ? spare : partMin - last.value
    part.value -= given
    last.value += given
  }
  return last.value >= partMin
}

/** The largest amount that together with its fee stays within `whole`; 0 where none does. */
function mostUnder(whole: bigint, feeOf: (amount: bigint) => bigint): bigint {
  let [least, most] = [0n, whole > 0n ? whole : 0n]
  while (least < most) {
    const middle = (least + most + 1n) / 2n
    if (middle + feeOf(middle) <= whole) least = middle
    else most = middle - 1n
  }
  return least
}
