import type { AssetId, ChannelEnd, Role } from '@tallystick/protocol'
import { type Money, timeText } from './ledger-words.js'

/** How a channel ended, for people; the client is whoever looks. */
export function endLines(end: ChannelEnd | undefined, asset: AssetId, money: Money): string[] {
  if (end === undefined)
    return ['settled; this node does not keep the blocks that say what it paid']
  const paid = `you were paid ${money(asset, end.client)}, the hub ${money(asset, end.hub)}`
  if (end.kind === 'agreed') return [`closed by agreement at ${timeText(end.time)}`, paid]
  const how = end.by === 'client' ? 'by you alone' : 'by the hub alone'
  const unsure = end.unsure ? ', unsure' : ''
  return [
    `closed ${how}${unsure}, finalized at ${timeText(end.time)}`,
    paid,
    ...(end.penalized ? [penaltyLine(end, asset, money)] : []),
    ...(end.bounty > 0n
      ? [`a guard of ${nameOf(otherOf(end.by))} was paid ${money(asset, end.bounty)}`]
      : []),
  ]
}

function penaltyLine(
  { by, penalty }: Extract<ChannelEnd, { kind: 'disputed' }>,
  asset: AssetId,
  money: Money,
): string {
  const who = by === 'client' ? 'you showed' : 'the hub showed'
  return `${who} an old state: a penalty of ${money(asset, penalty)} was taken`
}

function nameOf(role: Role): string {
  return role === 'client' ? 'yours' : "the hub's"
}

function otherOf(role: Role): Role {
  return role === 'client' ? 'hub' : 'client'
}

/** The same for programs; amounts are decimal strings of base units. */
export function endFacts(end: ChannelEnd | undefined): object | null {
  if (end === undefined) return null
  const { kind, time, client, hub } = end
  const shares = { paid_client: `${client}`, paid_hub: `${hub}` }
  if (kind === 'agreed') return { kind, time, ...shares }
  const { by, unsure, penalized, penalty, bounty } = end
  return {
    kind,
    time,
    by,
    unsure,
    penalized,
    ...shares,
    penalty: `${penalty}`,
    bounty: `${bounty}`,
  }
}
