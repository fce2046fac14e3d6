import { type OpenedWallet, openOver, type PlatformWalletOptions } from '../wallet/open-over.js'
import type { WalletOptions } from '../wallet/wallet-options.js'
import { openWsSocket } from './open-ws-socket.js'
import type { StoreAdvice } from './sealed-database.js'
import { openSqliteStore } from './sqlite-store.js'

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
} & PlatformWalletOptions &
  Pick<WalletOptions, 'words'>): Promise<OpenedWallet> {
  return openOver({
    ...{ ...options, restored, openSocket: openWsSocket },
    openStore: async () => {
      const stores = await openSqliteStore(file, { restored, ...(advice && { advice }) })
      return { store: stores.wallet('wallet'), close: () => stores.close() }
    },
  })
}
