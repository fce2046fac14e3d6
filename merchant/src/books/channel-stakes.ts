import type { WalletChannel } from '@tallystick/client-sdk'
import { clientPayoutOf, lockedBy, type PendingItem } from '@tallystick/protocol'

/** What a channel of the shop is worth by its books, before fees out of it; base units. */
export type ChannelStake = { readonly held: WalletChannel; readonly stake: bigint }

/**
 * What each channel holds for the shop. A payment that is booked while its item still waits to be settled counts as
 * settled; fees that were paid out of a closing channel are counted when it has ended.
 */
export async function channelStakes(
  channels: readonly WalletChannel[],
  { isBooked }: { readonly isBooked: (anchor: string) => Promise<boolean> },
): Promise<readonly ChannelStake[]> {
  const booked = async (items: readonly PendingItem[]) => {
    let total = 0n
    for (const item of items) if (await isBooked(item.anchor)) total += lockedBy(item)
    return total
  }
  const found: ChannelStake[] = []
  for (const held of channels) {
    const { party } = held
    const settled = clientPayoutOf(party) + party.ledger.client.feesPaid
    const under = (await booked(party.peer.items)) - (await booked(party.own.items))
    found.push({ held, stake: settled + under })
  }
  return found
}
