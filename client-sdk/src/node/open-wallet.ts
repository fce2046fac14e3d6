import { BlockFeed } from '../ledger/block-feed.js'
import { LedgerClient } from '../ledger/ledger-client.js'
import { parseUrl } from '../wallet/parse-arguments.js'
import { Wallet, type WalletOptions } from '../wallet/wallet.js'
import { openWsSocket } from './open-ws-socket.js'
import { openSqliteStore } from './sqlite-store.js'

/** A wallet in Node, with everything that it stands on. */
export type OpenedWallet = {
  readonly wallet: Wallet
  /** Closes the wallet, its store and its connections; again is fine. Nothing is lost. */
  close(): Promise<void>
}

/**
 * Opens the wallet of `words` with a SQLite file of its own, a ledger node and a hub. Errors: as of
 * `Wallet.open`; `StoreFault` (`store_in_use` when another process has the file; JRN-5 when it is no longer what it
 * was); `LedgerError`.
 */
export async function openWallet({
  words,
  file,
  ledgerUrl,
  hubUrl,
  restored = false,
  ...options
}: {
  /** Path of the SQLite file; created when it is not there. */
  readonly file: string
  /** The file is a copy that may be old: the books of its channels are lost from now on (JRN-6). */
  readonly restored?: boolean
  /** Address of a ledger node, `http://host:port`. It is not trusted. */
  readonly ledgerUrl: string
} & Pick<
  WalletOptions,
  'words' | 'hubUrl' | 'hub' | 'backup' | 'entrusted' | 'onEvent'
>): Promise<OpenedWallet> {
  const url = parseUrl(ledgerUrl, 'ledgerUrl', ['http:', 'https:'])
  const ledger = await LedgerClient.connect({ url, openSocket: openWsSocket })
  const stores = await openSqliteStore(file, { restored })
  let feed: BlockFeed | undefined
  let wallet: Wallet
  try {
    feed = await BlockFeed.start(ledger)
    const store = stores.wallet('wallet')
    wallet = await Wallet.open({
      words,
      store,
      feed,
      hubUrl,
      openSocket: openWsSocket,
      fetch,
      ...options,
    })
  } catch (error) {
    feed?.stop()
    await stores.close()
    throw error
  }
  let closing: Promise<void> | undefined
  const closeAll = async () => {
    await wallet.close()
    feed?.stop()
    await stores.close()
  }
  return {
    wallet,
    close: () => {
      closing ??= closeAll()
      return closing
    },
  }
}
