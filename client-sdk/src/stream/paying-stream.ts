import {
  type ItemId,
  type Rejection,
  reject,
  TICK_GAP_MAX,
  type Timestamp,
} from '@tallystick/protocol'

/**
 * A stream as its payer counts it. Ticks are given away without a disk; what is on disk is a number
 * that they never reach (`reserved`), raised a block at a time, so that a tick is new only once.
 */
export type PayingStream = {
  /** The chain that ticks come from, and the one that was opened to follow it. */
  readonly legs: readonly PayingLeg[]
  readonly limits: StreamLimits
  /** Ticks that were given away and not served, as far as is known (INV-32). */
  readonly unserved: number
}

/** One item of a stream: one chain. */
export type PayingLeg = {
  readonly id: ItemId
  readonly ticks: number
  /** Ticks of earlier legs that were given away. */
  readonly before: number
  /** Ledger time from which on none is given away: the payee might not take it any more. */
  readonly givenUntil: Timestamp
  /** Ticks up to this number may have been given away, by what is on disk. */
  readonly reserved: number
  readonly sent: number
  /** After a crash: ticks above this number, up to `sent`, may never have been sent. */
  readonly doubtedFrom: number | undefined
}

export type StreamLimits = {
  /** The most ticks that are given away and not served: what a payee can take without serving. */
  readonly exposure: number
  /** Ticks of one block of `reserved`. */
  readonly block: number
  /** Ticks that the stream gives away in all, over all legs; absent: no end. */
  readonly budget: number | undefined
}

export type GiveRejection = Rejection<
  'ticks_invalid' | 'position_unknown' | 'exposure_reached' | 'budget_spent' | 'stream_rolling_over'
>

/** Ticks given away, the last of each leg; or what has to be durable before; or why not. */
export type Given =
  | {
      readonly kind: 'given'
      readonly stream: PayingStream
      readonly ticks: readonly { readonly id: ItemId; readonly index: number }[]
    }
  | { readonly kind: 'reserve'; readonly id: ItemId; readonly upTo: number }
  | GiveRejection

/** Gives the next `count` ticks away (STREAM-4). Where the first leg ends, they come from two. */
export function giveTicks(stream: PayingStream, count: number, now: Timestamp): Given {
  const { limits, unserved } = stream
  if (
    !Number.isSafeInteger(count) ||
    count < 1 ||
    count > Math.min(limits.exposure, TICK_GAP_MAX)
  ) {
    const most = Math.min(limits.exposure, TICK_GAP_MAX)
    return reject('ticks_invalid', `1 to ${most} ticks are paid at a time here, whole ones`)
  }
  if (stream.legs.some(({ doubtedFrom }) => doubtedFrom !== undefined)) {
    return reject('position_unknown', 'after a crash the payee has to say which tick it holds')
  }
  if (unserved + count > limits.exposure) {
    const detail = `${unserved} ticks are paid and not served, ${limits.exposure} may be`
    return reject('exposure_reached', detail)
  }
  if (limits.budget !== undefined && sentInAll(stream) + count > limits.budget) {
    return reject('budget_spent', `the stream pays ${limits.budget} ticks in all`)
  }
  return giveFrom(stream, count, now)
}

function giveFrom(stream: PayingStream, count: number, now: Timestamp): Given {
  const { limits } = stream
  const ticks: { readonly id: ItemId; readonly index: number }[] = []
  const legs: PayingLeg[] = []
  let rest = count
  for (const leg of stream.legs) {
    const part = now < leg.givenUntil ? Math.min(rest, leg.ticks - leg.sent) : 0
    const index = leg.sent + part
    if (index > leg.reserved) {
      return { kind: 'reserve', id: leg.id, upTo: Math.min(leg.ticks, index + limits.block) }
    }
    if (part > 0) ticks.push({ id: leg.id, index })
    legs.push({ ...leg, sent: index })
    rest -= part
  }
  if (rest > 0) {
    return reject('stream_rolling_over', `${rest} more ticks are due than the open chains have`)
  }
  return { kind: 'given', stream: { ...stream, legs, unserved: stream.unserved + count }, ticks }
}

/** The stream after `count` ticks that were given away were served. */
export function ticksServed(stream: PayingStream, count: number): PayingStream {
  return { ...stream, unserved: Math.max(0, stream.unserved - count) }
}

/** The stream with a leg whose `reserved` is on disk now. */
export function ticksReserved(stream: PayingStream, id: ItemId, reserved: number): PayingStream {
  return changeLeg(stream, id, (leg) => ({ ...leg, reserved: Math.max(leg.reserved, reserved) }))
}

/**
 * After a crash: the payee holds these ticks of the legs that it was asked about, as its links have shown. Of a leg
 * behind one that is not used up it holds none; one behind a leg that is stays in doubt until it is asked about.
 */
export function streamPositioned(
  stream: PayingStream,
  held: ReadonlyMap<ItemId, number>,
  now: Timestamp,
): PayingStream {
  let mayHaveBegun = true
  const legs = stream.legs.map((leg) => {
    const index = held.get(leg.id) ?? (mayHaveBegun ? undefined : 0)
    const next = index === undefined ? leg : legPositioned(leg, index)
    mayHaveBegun &&= next.doubtedFrom !== undefined || isUsedUp(next, now)
    return next
  })
  return { ...stream, legs }
}

/** Less than is known to have been served the payee cannot hold without having forgotten: then it serves again what it was paid. */
function legPositioned(leg: PayingLeg, index: number): PayingLeg {
  if (leg.doubtedFrom === undefined) return leg
  const sent = Math.min(leg.sent, Math.max(leg.doubtedFrom, index))
  return { ...leg, sent, doubtedFrom: undefined }
}

/** After a crash: everything that may have been sent counts as lost, at most a block and the exposure. */
export function doubtGivenUp(stream: PayingStream): PayingStream {
  return { ...stream, legs: stream.legs.map((leg) => ({ ...leg, doubtedFrom: undefined })) }
}

/** Whether another chain has to be opened, because the newest is nearly used up or nearly over. */
export function mustRollOver(
  stream: PayingStream,
  now: Timestamp,
  rollOverSeconds: number,
): boolean {
  const { legs, limits } = stream
  const last = legs.at(-1)
  if (last === undefined || legs.length > 1) return false
  const left = last.ticks - last.sent
  if (limits.budget !== undefined && sentInAll(stream) + left >= limits.budget) return false
  return left <= rollOverTicks(last.ticks, limits) || now + rollOverSeconds >= last.givenUntil
}

/** As many ticks are left when the next chain is opened: an eighth, or what may be under way. */
export function rollOverTicks(ticks: number, { exposure }: StreamLimits): number {
  return Math.min(ticks, Math.max(Math.ceil(ticks / 8), exposure))
}

/** Legs that nothing comes from any more, while another one is there: what is left of them goes back. */
export function legsUsedUp({ legs }: PayingStream, now: Timestamp): readonly PayingLeg[] {
  return legs.slice(0, -1).filter((leg) => isUsedUp(leg, now))
}

function isUsedUp({ sent, ticks, givenUntil }: PayingLeg, now: Timestamp): boolean {
  return sent === ticks || now >= givenUntil
}

/** Ticks that the stream has given away over all of its legs. */
export function sentInAll({ legs }: PayingStream): number {
  const [first] = legs
  return legs.reduce((sum, { sent }) => sum + sent, first?.before ?? 0)
}

function changeLeg(
  stream: PayingStream,
  id: ItemId,
  change: (leg: PayingLeg) => PayingLeg,
): PayingStream {
  return { ...stream, legs: stream.legs.map((leg) => (leg.id === id ? change(leg) : leg)) }
}
