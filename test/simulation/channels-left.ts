import {
  balanceOf,
  type Channel,
  type ChannelParty,
  decodeTrusted,
  isClosing,
  STATE_ENTRIES,
} from '@tallystick/protocol'
import type { World } from './world.js'

/**
 * Channels on the ledger that are closing, or in which an honest side still has something. Who has
 * nothing in a channel cannot pay the fee of leaving it, and loses nothing by staying.
 */
export function channelsLeft(world: World): Channel[] {
  const { ledger, hub, setup } = world
  const parties = world.honestWallets().flatMap(({ wallet, lock }) => {
    return [{ lock, channels: wallet?.allChannels() ?? [] }]
  })
  return [...ledger.records.entries.values()].flatMap(({ kind, value }) => {
    if (kind !== 'channel') return []
    const channel = decodeTrusted(STATE_ENTRIES.channel.value, value)
    const { id, client } = channel
    const owner = parties.find(({ lock }) => lock === client.payoutLock)
    const known = owner?.channels.find(({ party }) => party.ledger.id === id)?.party
    const ofHub = setup.isHubHonest ? hub.records.channels.get(id)?.party : undefined
    // One that its wallet does not know is all its own.
    const isWallets = owner !== undefined && (known === undefined || hasWorth(known))
    const isHubs = ofHub !== undefined && hasWorth(ofHub)
    return isWallets || isHubs || isClosing(channel) ? [channel] : []
  })
}

/** Whether a party has anything in a channel that could pay for leaving it. */
export function hasWorth(party: ChannelParty): boolean {
  return balanceOf(party) > 0n
}
