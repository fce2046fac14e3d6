import {
  type ChannelId,
  type ItemId,
  type PendingItem,
  parseAmount,
  positionOf,
} from '@tallystick/protocol'
import { channelWith, type HubChannel, idOf, onwardOf, originOf } from './hub-channel.js'
import type { HubEffect } from './hub-effect.js'
import type { HubContext } from './hub-step.js'
import type { HubOverlay } from './hub-view.js'
import { isFinal, PARTS_MAX, statusOf } from './payment.js'
import { onwardItemId } from './routing.js'

/** An item that a client pays, and the hub's own name for it where it was carried on. */
type Stray = { readonly from: ChannelId; readonly item: PendingItem; readonly onwardId: ItemId }

/**
 * The lanes of channel `id` have come back from its client: what they share with those of other
 * channels is told by the names of onward items (HUB-8). An item that finds no partner rests: it is
 * neither carried on nor declined, because it may have been paid in the time that was lost.
 */
export function rejoinItems(state: HubOverlay, id: ChannelId, context: HubContext): HubEffect[] {
  const channel = state.channel(id)
  if (channel === undefined) return []
  const busy = [...state.busyChannels()].filter((other) => idOf(other) !== id)
  const effects: HubEffect[] = []
  const here = new Map(straysOf(channel).map((stray) => [stray.onwardId, stray]))
  const elsewhere = new Map(busy.flatMap(straysOf).map((stray) => [stray.onwardId, stray]))
  for (const payee of busy) effects.push(...joinOrphans(state, payee, here, context))
  joinOrphans(state, channel, elsewhere, context)
  return effects
}

/** Items that the client of a channel pays, and of which the hub has no row. */
function straysOf(channel: HubChannel): Stray[] {
  const from = idOf(channel)
  return channel.party.peer.items
    .filter(({ id }) => onwardOf(channel, id) === undefined)
    .map((item) => ({ from, item, onwardId: onwardItemId(from, item.id) }))
}

/** The payee is asked to say again what it claims: before, nobody could have been told. */
function joinOrphans(
  state: HubOverlay,
  payee: HubChannel,
  strays: ReadonlyMap<ItemId, Stray>,
  context: HubContext,
): HubEffect[] {
  const effects: HubEffect[] = []
  for (const onward of payee.party.own.items) {
    const stray = strays.get(onward.id)
    if (stray === undefined || stray.item.anchor !== onward.anchor) continue
    if (originOf(payee, onward.id) !== undefined) continue
    join(state, idOf(payee), onward, stray, context)
    if (effects.length > 0 || payee.party.resuming !== undefined) continue
    const position = positionOf(payee.party)
    effects.push({ kind: 'send', channel: idOf(payee), message: { kind: 'attached', position } })
  }
  return effects
}

function join(
  state: HubOverlay,
  to: ChannelId,
  onward: PendingItem,
  { from, item }: Stray,
  { now }: HubContext,
): void {
  const [payer, payee] = [state.channel(from), state.channel(to)]
  if (payer === undefined || payee === undefined) return
  const there = { id: item.id, channel: to, otherId: onward.id }
  state.setChannel(channelWith(payer, { onward: [...payer.onward, there] }))
  const back = { id: onward.id, channel: from, otherId: item.id }
  state.setChannel(channelWith(payee, { origin: [...payee.origin, back] }))
  const fee = parseAmount(item.unit - onward.unit)
  const { anchor, ticks, paid } = item
  const known = state.payment(anchor)
  const isKnown = known?.parts.some(({ toItem }) => toItem === onward.id)
  // A client can show an item of the same name that is worth less; what it pays is still due.
  if (fee === undefined || ticks !== onward.ticks || isKnown) return
  const ends = { fromChannel: from, fromItem: item.id, toChannel: to, toItem: onward.id }
  const shown = Math.max(paid, onward.paid)
  const part = { ...ends, amount: onward.unit, fee, ticks, shown, paid, isOver: false }
  const others = known === undefined || isFinal(known) ? [] : known.parts
  const parts = [...others.slice(0, PARTS_MAX - 1), part]
  state.setPayment({ anchor, status: statusOf(parts), time: now, parts })
}
