import type { ChainId } from '@tallystick/protocol'
import { BlockFeed } from '../ledger/block-feed.js'
import { LedgerClient } from '../ledger/ledger-client.js'
import type { OpenSocket } from '../ledger/open-socket.js'
import type { WalletStore } from '../store/wallet-store.js'
import { parseUrl } from './parse-arguments.js'
import { Wallet } from './wallet.js'
import type { WalletOptions } from './wallet-options.js'

/** A wallet with everything that it stands on. */
export type OpenedWallet = {
  readonly wallet: Wallet
  readonly ledger: LedgerClient
  /** Its blocks as the wallet hears them. */
  readonly feed: BlockFeed
  /** Closes the wallet, its store and its connections; again is fine. Nothing is lost. */
  close(): Promise<void>
}

/** A store, and how it is given back. */
export type OpenedStore = { readonly store: WalletStore; close(): Promise<void> }

/** What a wallet is opened with wherever it runs; the platform adds its store and its sockets. */
export type PlatformWalletOptions = {
  /** Address of a ledger node, `http://host:port`. It is not trusted. */
  readonly ledgerUrl: string
  /** The chain that is meant; absent: the one that the node serves. */
  readonly chainId?: ChainId
} & Pick<
  WalletOptions,
  | 'hubUrl'
  | 'hub'
  | 'backup'
  | 'entrusted'
  | 'towers'
  | 'streams'
  | 'spontaneous'
  | 'sharedWords'
  | 'guards'
  | 'onEvent'
>

/** Opens a wallet over a store, which is closed with it, on the platform's `fetch` and these sockets. */
export async function openOver({
  words,
  ledgerUrl,
  chainId,
  restored,
  openStore,
  openSocket,
  ...options
}: PlatformWalletOptions &
  Pick<WalletOptions, 'words'> & {
    readonly restored: boolean
    readonly openStore: () => Promise<OpenedStore>
    readonly openSocket: OpenSocket
  }): Promise<OpenedWallet> {
  const url = parseUrl(ledgerUrl, 'ledgerUrl', ['http:', 'https:'])
  const ledger = await LedgerClient.connect({
    ...{ url, openSocket },
    ...(chainId !== undefined && { chainId }),
  })
  const stored = await openStore()
  let opened: Pick<OpenedWallet, 'wallet' | 'feed' | 'ledger'>
  let started: BlockFeed | undefined
  try {
    const feed = await BlockFeed.start(ledger)
    started = feed
    const parts = { words, store: stored.store, feed, restored, fetch, openSocket }
    const wallet = await Wallet.open({ ...parts, ...options })
    opened = { wallet, feed, ledger }
  } catch (error) {
    started?.stop()
    await stored.close()
    throw error
  }
  let closing: Promise<void> | undefined
  const closeAll = async () => {
    await opened.wallet.close()
    opened.feed.stop()
    await stored.close()
  }
  return {
    ...opened,
    close: () => {
      closing ??= closeAll()
      return closing
    },
  }
}
