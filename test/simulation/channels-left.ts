import {
  balanceOf,
  type Channel,
  type ChannelParty,
  decodeTrusted,
  isClosing,
  noteOf,
  STATE_ENTRIES,
} from '@tallystick/protocol'
import type { World } from './world.js'

/**
 * Channels of honest sides on the ledger that are closing, or in which they have something. Who has
 * nothing in a channel cannot pay the fee of leaving it, and loses nothing by staying.
 */
export function channelsLeft(world: World): Channel[] {
  const { ledger, hub } = world
  const parties = world.honestWallets().flatMap(({ wallet, lock }) => {
    return [{ lock, channels: wallet?.allChannels() ?? [] }]
  })
  return [...ledger.records.entries.values()].flatMap(({ kind, value }) => {
    if (kind !== 'channel') return []
    const channel = decodeTrusted(STATE_ENTRIES.channel.value, value)
    const { id, client } = channel
    const owner = parties.find(({ lock }) => lock === client.payoutLock)
    const known = owner?.channels.find(({ party }) => party.ledger.id === id)?.party
    const ofHub = world.isHubAttentive ? hub.records.channels.get(id)?.party : undefined
    // Of one that its wallet does not know, what it has put in is its own.
    const isWallets = known === undefined ? client.deposited > 0n : hasWorth(known, world.time)
    // What a hub does not know any more, its client alone can close.
    const isHubs = ofHub !== undefined && ofHub.lostAt === undefined && hasWorth(ofHub, world.time)
    const isGuarded = owner !== undefined || ofHub !== undefined
    const isOfInterest = (owner !== undefined && isWallets) || isHubs
    return isOfInterest || (isGuarded && isClosing(channel)) ? [channel] : []
  })
}

/** Whether a party has anything in a channel, or has claimed anything, that could pay for leaving at `time`. */
export function hasWorth(party: ChannelParty, time: number): boolean {
  const claimed = party.peer.items.filter(({ id, expiry }) => {
    const { known, onLedger } = noteOf(party, id)
    return onLedger > 0 || (known !== undefined && time <= expiry)
  })
  return balanceOf(party) > 0n || claimed.length > 0
}
