import {
  anchorCodec,
  type ChannelId,
  type ChannelParty,
  channelIdCodec,
  channelPartyCodec,
  type Decoded,
  decodeTrusted,
  deltaOf,
  forwardCodec,
  type ItemId,
  itemIdCodec,
  LANE_ITEMS_MAX,
  list,
  optional,
  type PublicKey,
  publicKeyCodec,
  type Reader,
  struct,
  timestampCodec,
  undrafted,
  type Writer,
} from '@tallystick/protocol'

/** An item of one channel and the item of another that carries the same payment. */
const carriedCodec = struct({ id: itemIdCodec, channel: channelIdCodec, otherId: itemIdCodec })
export type Carried = Decoded<typeof carriedCodec>

/** Items that wait for a place on one lane at most (HUB-16). */
export const WAITING_MAX = 1_024

/** An item that a client pays, and that waits for a place on the lane to its payee. */
const waitingCodec = struct({
  channel: channelIdCodec,
  id: itemIdCodec,
  /** Of the item: another one may have its name later. */
  anchor: anchorCodec,
  forward: forwardCodec,
  /** Ledger time at which it came. */
  since: timestampCodec,
})
export type Waiting = Decoded<typeof waitingCodec>

/** A channel in the journal; what is drafted is no part of it. */
export const hubChannelCodec = struct({
  party: channelPartyCodec,
  /** Identity key of the client that attached the channel last; payments find it by this. */
  owner: optional(publicKeyCodec),
  /** Items that this channel's client pays, and where they were carried on. */
  onward: list(carriedCodec, LANE_ITEMS_MAX),
  /** Items that the hub pays on this channel, and where they came from. */
  origin: list(carriedCodec, 65_536),
  /** What waits for a place on the hub's lane, in the order in which it came. */
  waiting: list(waitingCodec, WAITING_MAX),
})

/** All that the hub keeps of one channel: its side of it, and how its items hang together. */
export type HubChannel = {
  readonly party: ChannelParty
  readonly owner: PublicKey | undefined
  readonly onward: readonly Carried[]
  readonly origin: readonly Carried[]
  readonly waiting: readonly Waiting[]
}

/** The name under which the hub knows the channel. */
export function idOf({ party }: HubChannel): ChannelId {
  return party.ledger.id
}

/** A channel as the journal holds it. */
export function decodeHubChannel(bytes: Uint8Array): HubChannel {
  return channelOf(decodeTrusted(hubChannelCodec, bytes))
}

const hubChannelDelta = deltaOf(hubChannelCodec)

/** Appends what `after` has and `before` has not; what is drafted is no part of either. */
export function writeHubChannelDelta(writer: Writer, before: HubChannel, after: HubChannel): void {
  hubChannelDelta.write(writer, before, after)
}

/** The channel that `writeHubChannelDelta` has written on top of `before`. */
export function readHubChannelDelta(reader: Reader, before: HubChannel): HubChannel {
  return channelOf(hubChannelDelta.read(reader, before))
}

function channelOf({
  party,
  owner,
  onward,
  origin,
  waiting,
}: Decoded<typeof hubChannelCodec>): HubChannel {
  return { party: undrafted(party), owner, onward, origin, waiting }
}

/** `channel` with some of it replaced; why not `{ ...channel }`: `partyWith`. */
export function channelWith(channel: HubChannel, changes: Partial<HubChannel>): HubChannel {
  const copy: HubChannel = {
    party: channel.party,
    owner: channel.owner,
    onward: channel.onward,
    origin: channel.origin,
    waiting: channel.waiting,
  }
  return Object.assign(copy, changes)
}

/** Where an item that the client pays was carried on to. */
export function onwardOf(channel: HubChannel, id: ItemId): Carried | undefined {
  return channel.onward.find((carried) => carried.id === id)
}

/** Where an item that the hub pays came from. */
export function originOf(channel: HubChannel, id: ItemId): Carried | undefined {
  return channel.origin.find((carried) => carried.id === id)
}
