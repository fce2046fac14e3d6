import type { ChainId } from '@tallystick/protocol'
import { BlockFeed } from '../ledger/block-feed.js'
import { LedgerClient } from '../ledger/ledger-client.js'
import { parseUrl } from '../wallet/parse-arguments.js'
import { Wallet } from '../wallet/wallet.js'
import type { WalletOptions } from '../wallet/wallet-options.js'
import { openWsSocket } from './open-ws-socket.js'
import type { StoreAdvice } from './sealed-database.js'
import { openSqliteStore, type SqliteWalletStores } from './sqlite-store.js'

/** A wallet in Node, with everything that it stands on. */
export type OpenedWallet = {
  readonly wallet: Wallet
  readonly ledger: LedgerClient
  /** Its blocks as the wallet hears them. */
  readonly feed: BlockFeed
  /** Closes the wallet, its store and its connections; again is fine. Nothing is lost. */
  close(): Promise<void>
}

/**
 * Opens the wallet of `words` with a SQLite file of its own, a ledger node and a hub, or none. Errors: as of
 * `Wallet.open`; `StoreFault` (`store_in_use` when another process has the file; JRN-5 when it is no longer what it
 * was); `LedgerError`.
 */
export async function openWallet({
  file,
  restored = false,
  advice,
  ...options
}: {
  /** Path of the SQLite file; created when it is not there. */
  readonly file: string
  /** The file is a copy that may be old (JRN-6): its channels are resumed before anything is signed. */
  readonly restored?: boolean
  /** What faults of the file say that would be right, where a program has other words for it than this one. */
  readonly advice?: StoreAdvice
  /** Address of a ledger node, `http://host:port`. It is not trusted. */
  readonly ledgerUrl: string
  /** The chain that is meant; absent: the one that the node serves. */
  readonly chainId?: ChainId
} & Pick<
  WalletOptions,
  | 'words'
  | 'hubUrl'
  | 'hub'
  | 'backup'
  | 'entrusted'
  | 'towers'
  | 'sharedWords'
  | 'guards'
  | 'spontaneous'
  | 'onEvent'
>): Promise<OpenedWallet> {
  return openOver({
    ...{ ...options, restored },
    openStores: () => openSqliteStore(file, { restored, ...(advice && { advice }) }),
  })
}

/** Opens a wallet over the stores of a file, which are closed with it. */
export async function openOver({
  words,
  ledgerUrl,
  chainId,
  restored,
  openStores,
  ...options
}: {
  readonly openStores: () => Promise<SqliteWalletStores>
  readonly restored: boolean
  readonly ledgerUrl: string
  readonly chainId?: ChainId
} & Omit<WalletOptions, 'store' | 'feed' | 'fetch' | 'openSocket'>): Promise<OpenedWallet> {
  const url = parseUrl(ledgerUrl, 'ledgerUrl', ['http:', 'https:'])
  const ledger = await LedgerClient.connect({
    ...{ url, openSocket: openWsSocket },
    ...(chainId !== undefined && { chainId }),
  })
  const stores = await openStores()
  let opened: Pick<OpenedWallet, 'wallet' | 'feed' | 'ledger'>
  let started: BlockFeed | undefined
  try {
    const feed = await BlockFeed.start(ledger)
    started = feed
    const store = stores.wallet('wallet')
    const parts = { words, store, feed, restored, fetch, openSocket: openWsSocket }
    const wallet = await Wallet.open({ ...parts, ...options })
    opened = { wallet, feed, ledger }
  } catch (error) {
    started?.stop()
    await stores.close()
    throw error
  }
  let closing: Promise<void> | undefined
  const closeAll = async () => {
    await opened.wallet.close()
    opened.feed.stop()
    await stores.close()
  }
  return {
    ...opened,
    close: () => {
      closing ??= closeAll()
      return closing
    },
  }
}
