import { stat } from 'node:fs/promises'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import type { ChainId } from '@tallystick/protocol'
import { CommandError } from './command-error.js'
import { showProgress } from './progress.js'
import { readWordsFile } from './words-file.js'

/** Where a wallet is, and the ledger node that it asks. */
export type WalletPlace = {
  readonly keys: string
  readonly store: string
  readonly ledger: string
  readonly chainId?: ChainId
}

/**
 * Opens a wallet without a hub. `guards`: whether it does what is due while it is open; `isNew`: begin a
 * store where there is none, from the words alone. Throws `store_missing`, and what the SDK says.
 */
export async function openStore(
  { keys, store, ledger: ledgerUrl, chainId }: WalletPlace,
  { guards, isNew = false }: { readonly guards: boolean; readonly isNew?: boolean },
): Promise<OpenedWallet> {
  const words = await readWordsFile(keys)
  const isThere = await stat(store).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
  // A mistyped name must not end in channels that are left as if their store were lost.
  if (!isThere && !isNew) throw new CommandError('store_missing', `there is no store ${store}`)
  if (chainId === undefined) tellUntrustedChain()
  return showProgress('opening the wallet', () =>
    openWallet({
      words,
      file: store,
      ledgerUrl,
      guards,
      ...(chainId !== undefined && { chainId }),
    }),
  )
}

/** Without `--chain-id` the chain is whichever the node says: nothing else would be worth proving. */
export function tellUntrustedChain(): void {
  process.stderr.write('no --chain-id: the genesis is believed to be what the node says\n')
}
