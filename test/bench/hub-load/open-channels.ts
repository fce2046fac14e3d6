import { KeyCoins, LedgerClient } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  amount,
  type ChannelId,
  type ChannelTerms,
  channelIdOf,
  isRejection,
  keyLock,
  type LockRoot,
  lockRoot,
  type Operation,
  type Output,
  type PublicKey,
  signerFromSeed,
} from '@tallystick/protocol'
import { channelKeyOf } from './load-keys.js'

/** Whom channels are opened with, and where. */
export type ChannelFunding = {
  readonly ledgerUrl: string
  readonly hub: PublicKey
  readonly payoutLock: LockRoot
  readonly terms: ChannelTerms
}

/** What either side has in a channel at first, base units. */
const DEPOSIT = 1_000_000_000n
/** Channels that one transaction opens. */
const OPENS = 500
/** Whoever pays for an opening needs no other's signature: one key pays for both sides of them all. */
const TREASURY = signerFromSeed(new Uint8Array(32).fill(0x13))

/** First coins of a ledger: one for each transaction that opens channels. */
export function treasuryCoins(channels: number): Output[] {
  const coin = {
    asset: 0,
    amount: amount(2n * DEPOSIT * BigInt(OPENS + 1)),
    lock: lockRoot(keyLock(TREASURY.publicKey)),
  }
  // Channels may be opened in several parts, each with a transaction that is not full.
  return Array.from({ length: Math.ceil(channels / OPENS) + 16 }, () => coin)
}

/** Opens the channels of the clients `from` to `until`; resolves when blocks hold all of them. */
export async function openChannels(
  { ledgerUrl, hub, payoutLock, terms }: ChannelFunding,
  from: number,
  until: number,
): Promise<ChannelId[]> {
  const ledger = await LedgerClient.connect({ url: ledgerUrl, openSocket: openWsSocket })
  await ledger.refresh()
  const coins = new KeyCoins(ledger, TREASURY, 0)
  const hubSide = { key: hub, deposit: amount(DEPOSIT), payoutLock }
  const opening = (client: number): Operation => {
    const { publicKey: key } = channelKeyOf(client)
    const side = { key, deposit: amount(DEPOSIT), payoutLock: lockRoot(keyLock(key)) }
    return { kind: 'open', asset: 0, client: side, hub: hubSide, terms }
  }
  const channels: ChannelId[] = []
  for (let first = from; first < until; first += OPENS) {
    const count = Math.min(OPENS, until - first)
    const operations = Array.from({ length: count }, (_, i) => opening(first + i))
    const built = await coins.spend({ operations })
    if (isRejection(built)) throw new Error(built.detail)
    channels.push(...operations.map((_, index) => channelIdOf({ txId: built.id, index })))
    await ledger.confirmed(built.id)
  }
  return channels
}
