import { channelTotal, clientPayoutOf, receivable, spendable } from '@tallystick/protocol'
import type { OwnedCoin } from '../ledger/coin-selection.js'
import { PARTS_MAX, type WalletChannel } from './wallet-records.js'

/** Where the owner's money is, base units. */
export type Balance = {
  /** In coins that the ledger proves. */
  readonly onLedger: bigint
  /** In channels, if all of them ended now and nothing pending were claimed. */
  readonly inChannels: bigint
  /**
   * What the ledger holds, for both sides together, in channels whose `books` are not whole. How much
   * of it is this wallet's, nobody here knows.
   */
  readonly inLostChannels: bigint
  /** What could be paid at once, and what could be received, over the best channel. */
  readonly spendable: bigint
  readonly receivable: bigint
  /** What one payment in parts could take out of all channels at once, the hub's fees among it. */
  readonly payable: bigint
}

/** What coins and channels that are not settled come to. */
export function balanceOver(
  coins: readonly OwnedCoin[],
  channels: readonly WalletChannel[],
): Balance {
  const parties = channels.flatMap(({ party, books }) => (books === 'whole' ? party : []))
  const lost = channels.flatMap(({ party, books }) => (books === 'whole' ? [] : party))
  const usable = parties.filter(({ phase }) => phase.kind === 'open')
  return {
    onLedger: coins.reduce((sum, { coin }) => sum + coin.amount, 0n),
    inChannels: parties.reduce((sum, party) => sum + clientPayoutOf(party), 0n),
    inLostChannels: lost.reduce((sum, { ledger }) => sum + channelTotal(ledger), 0n),
    spendable: largest(usable.map(spendable)),
    receivable: largest(usable.map(receivable)),
    payable: sumOfMost(usable.map(spendable), PARTS_MAX),
  }
}

function sumOfMost(values: readonly bigint[], count: number): bigint {
  return values
    .filter((value) => value > 0n)
    .sort((a, b) => (a === b ? 0 : a < b ? 1 : -1))
    .slice(0, count)
    .reduce((sum, value) => sum + value, 0n)
}

function largest(values: readonly bigint[]): bigint {
  return values.reduce((most, value) => (value > most ? value : most), 0n)
}
