import type { PublicKey } from '@tallystick/protocol'
import type { Clock } from '../clock.js'
import type { BlockFeed } from '../ledger/block-feed.js'
import type { OpenSocket } from '../ledger/open-socket.js'
import type { WalletStore } from '../store/wallet-store.js'
import type { WalletNotice } from './wallet-core.js'
import type { TowerOptions } from './wallet-towers.js'

/** What a wallet is made from. Randomness, storage and network are handed in. */
export type WalletOptions = {
  /** Twelve to twenty-four BIP-39 words, or the seed (16 to 64 bytes) that they stand for. */
  readonly words: string | Uint8Array
  readonly store: WalletStore
  readonly feed: BlockFeed
  /**
   * The hub's session address, `ws://host:port/v1/session`; absent: no hub is talked to, and what needs
   * one fails with `hub_disconnected` or waits. Guarding, leaving and coins need none.
   */
  readonly hubUrl?: string
  /** The hub's key; absent: the first hub that answers is the one that the wallet keeps to. */
  readonly hub?: PublicKey
  readonly openSocket: OpenSocket
  /** Watchtowers that are handed the newest of every channel after each update; absent: none. */
  readonly towers?: readonly TowerOptions[]
  /** Fresh secret bytes; absent: the platform's. */
  readonly randomBytes?: (length: number) => Uint8Array
  /**
   * The owner's word that the store is a restored copy, and may be old: every channel is resumed
   * before anything is signed on it, and those that were opened since are looked for.
   */
  readonly restored?: boolean
  /** Absent: true. `false`: only looks, and hands in nothing by itself. */
  readonly guards?: boolean
  /** Absent: the process's. */
  readonly clock?: Clock
  /** Told what the wallet notices and the owner may want to know. */
  readonly onEvent?: (notice: WalletNotice) => void
}

/** Where the owner's money is, base units. */
export type Balance = {
  /** In coins that the ledger proves. */
  readonly onLedger: bigint
  /** In channels, if all of them ended now and nothing pending were claimed. */
  readonly inChannels: bigint
  /**
   * What the ledger holds, for both sides together, in channels whose `books` are lost. How much
   * of it is this wallet's, nobody here knows.
   */
  readonly inLostChannels: bigint
  /** What could be paid at once, and what could be received, over the best channel. */
  readonly spendable: bigint
  readonly receivable: bigint
}
