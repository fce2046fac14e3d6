import {
  amountCodec,
  type Decoded,
  decodeTrusted,
  encode,
  type ItemId,
  integer,
  itemIdCodec,
  list,
  parseAmount,
  type Rejection,
  reject,
  struct,
  text,
} from '@tallystick/protocol'

/** Charges of one day that are kept, and characters of a host. */
const CHARGES_MAX = 65_536
const HOST_BYTES_MAX = 255
const DAY_SECONDS = 86_400

const chargeCodec = struct({
  host: text(HOST_BYTES_MAX),
  /** Day of ledger time. */
  day: integer(2 ** 32),
  /** The stream that it was set aside for. */
  stream: itemIdCodec,
  /** Base units; once the stream is over, what it cost. */
  amount: amountCodec,
})
export type Charge = Decoded<typeof chargeCodec>
const chargesCodec = list(chargeCodec, CHARGES_MAX)

/** What may be spent in a day of ledger time, base units; absent: as much as there is. */
export type Budget = { readonly perDay?: bigint; readonly perHost?: bigint }

/** The day that a ledger time lies in. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_SECONDS)
}

/** What is left of a budget for one host, base units; `undefined`: no end. */
export function leftOf(
  charges: readonly Charge[],
  budget: Budget,
  host: string,
  day: number,
): bigint | undefined {
  const today = charges.filter((charge) => charge.day === day)
  const sumOf = (some: readonly Charge[]) => some.reduce((sum, { amount }) => sum + amount, 0n)
  const left = [
    budget.perDay === undefined ? undefined : budget.perDay - sumOf(today),
    budget.perHost === undefined
      ? undefined
      : budget.perHost - sumOf(today.filter((charge) => charge.host === host)),
  ].filter((value) => value !== undefined)
  return left.length === 0 ? undefined : left.reduce((a, b) => (a < b ? a : b))
}

/** Ticks of a stream for which there is room: half as often as it takes, and `least` whether there is room or not. */
export function ticksWithin(
  { ticks, least }: { readonly ticks: number; readonly least: number },
  costOf: (ticks: number) => bigint,
  left: bigint | undefined,
): number {
  let some = ticks
  while (left !== undefined && some > least && costOf(some) > left) some = some >>> 1
  return Math.max(least, some)
}

/** The charges with one more, those of days before gone; or why it is above the budget. */
export function charge(
  charges: readonly Charge[],
  budget: Budget,
  wish: {
    readonly host: string
    readonly day: number
    readonly stream: ItemId
    readonly amount: bigint
  },
): readonly Charge[] | Rejection<'budget_spent'> {
  const { host, day, stream, amount } = wish
  const left = leftOf(charges, budget, host, day)
  const value = parseAmount(amount)
  const today = charges.filter((other) => other.day >= day)
  if (value === undefined || (left !== undefined && amount > left) || today.length >= CHARGES_MAX) {
    const rest = left === undefined || left < 0n ? 0n : left
    return reject(
      'budget_spent',
      `${amount} base units are due to ${host}, ${rest} base units are left today`,
    )
  }
  return [...today, { host, day, stream, amount: value }]
}

/** The charges after a stream is over, and has cost less than was set aside for it. */
export function settleCharge(
  charges: readonly Charge[],
  stream: ItemId,
  cost: bigint,
): readonly Charge[] {
  return charges.map((one) => {
    const amount = parseAmount(cost)
    return one.stream === stream && amount !== undefined && amount < one.amount
      ? { ...one, amount }
      : one
  })
}

/** The bytes of charges in a store. */
export function encodeCharges(charges: readonly Charge[]): Uint8Array {
  return encode(chargesCodec, charges)
}

/** Charges as this wallet has stored them. */
export function storedCharges(bytes: Uint8Array): readonly Charge[] {
  return decodeTrusted(chargesCodec, bytes)
}
