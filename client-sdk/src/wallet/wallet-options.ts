import type { Entrusted, PublicKey } from '@tallystick/protocol'
import type { Clock } from '../clock.js'
import type { BlockFeed } from '../ledger/block-feed.js'
import type { Fetch } from '../ledger/ledger-http.js'
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
  /** How the hub is asked to keep backups (BAK-5); absent: it keeps none. */
  readonly fetch?: Fetch
  /** A backup to fill a new store from, if the hub has none that is newer (BAK-4). */
  readonly backup?: Uint8Array
  /** What watchtowers have kept of the wallet's channels: a new store learns from it (BAK-8). */
  readonly entrusted?: readonly Entrusted[]
  /** Watchtowers that are handed the newest of every channel after each update; absent: none. */
  readonly towers?: readonly TowerOptions[]
  /** Fresh secret bytes; absent: the platform's. */
  readonly randomBytes?: (length: number) => Uint8Array
  /**
   * The owner's word that the store is a restored copy, and may be old: every channel is resumed
   * before anything is signed on it, and those that were opened since are looked for.
   */
  readonly restored?: boolean
  /**
   * Other devices use these words as well (CH-19); to be said on all of them, once: the store keeps it,
   * and there is no way back. Channels are resumed at every connection, and left unsure only.
   */
  readonly sharedWords?: boolean
  /**
   * Which streams others may open to this wallet; absent: none. `unitMin`: base units that a tick is worth at
   * least.
   */
  readonly streams?: { readonly unitMin: bigint }
  /** Absent: true. `false`: only looks, and hands in nothing by itself. */
  readonly guards?: boolean
  /**
   * Which payments are taken that were not asked for: none, or those of at least so many base units;
   * absent: all.
   */
  readonly spontaneous?: { readonly accept?: boolean; readonly amountMin?: bigint }
  /** Absent: the process's. */
  readonly clock?: Clock
  /** Told what the wallet notices and the owner may want to know. */
  readonly onEvent?: (notice: WalletNotice) => void
}
