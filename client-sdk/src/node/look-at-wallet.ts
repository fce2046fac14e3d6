import type { ChainId } from '@tallystick/protocol'
import { unsavedStore } from '../store/unsaved-store.js'
import { type OpenedWallet, openOver } from '../wallet/open-over.js'
import type { WalletOptions } from '../wallet/wallet-options.js'
import { openWsSocket } from './open-ws-socket.js'
import type { StoreAdvice } from './sealed-database.js'
import { lookAtSqliteStore } from './sqlite-store.js'

/**
 * Opens a wallet only to show what it holds: without a hub, and nothing of it is written; what it learns from the
 * ledger is gone when it is closed. Where there is no file, it is what the words alone find. Errors: as of `openWallet`.
 */
export async function lookAtWallet({
  words,
  file,
  ledgerUrl,
  chainId,
  restored = false,
  sharedWords = false,
  advice,
}: Pick<WalletOptions, 'words' | 'sharedWords'> & {
  /** Path of the SQLite file. */
  readonly file: string
  /** The file is a copy that may be old (JRN-6): what it says of its channels is not believed. */
  readonly restored?: boolean
  /** Address of a ledger node, `http://host:port`. It is not trusted. */
  readonly ledgerUrl: string
  readonly chainId?: ChainId
  readonly advice?: StoreAdvice
}): Promise<OpenedWallet> {
  return openOver({
    ...{ words, ledgerUrl, restored, sharedWords, guards: false },
    ...(chainId !== undefined && { chainId }),
    openSocket: openWsSocket,
    openStore: async () => {
      const looked = await lookAtSqliteStore(file, { restored, ...(advice && { advice }) })
      return { store: unsavedStore(looked.wallet('wallet')), close: () => looked.close() }
    },
  })
}
