import { makeFolder } from '@tallystick/client-sdk/node'
import { CommandError } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import { isFileThere } from './file-there.js'
import type { WalletPlace } from './open-store.js'
import type { PlaceOptions } from './place-of.js'
import { offeredWords, readWords } from './read-words.js'
import { readSettings, type WalletFolder, walletFolder, writeSettings } from './wallet-folder.js'
import { isWordsFileThere, readWordsFile, writeWordsFile } from './words-file.js'

/** Where a wallet is restored to. */
export type RestorePlace = WalletPlace & {
  readonly hub?: string
  /** Has the folder remember the network, where it is one. */
  readonly remember: (network: {
    readonly chainId: ChainId
    readonly hub: string | undefined
  }) => Promise<void>
}

/**
 * Where a wallet is restored to: files that were named, or a folder, which is made, and filled with the words
 * of `--keys`, else with those that are typed in. Throws `usage`, `words_invalid`, `wallet_exists`,
 * `settings_damaged`.
 */
export async function restorePlace(options: PlaceOptions): Promise<RestorePlace> {
  const { wallet, keys, store, ledger, hub, chainId, sharedWords } = options
  const shared = sharedWords && { sharedWords }
  if (wallet === undefined && keys !== undefined && store !== undefined && ledger !== undefined) {
    const remember = async () => undefined
    const network = { ...(hub && { hub }), ...(chainId && { chainId }) }
    return { keys, store, ledger, ...network, ...shared, remember }
  }
  const folder = walletFolder(wallet)
  const settings = (await isFileThere(folder.settings)) ? await readSettings(folder) : undefined
  const url = ledger ?? settings?.ledger
  if (url === undefined) {
    throw new CommandError('usage', 'no ledger is known: --ledger names a node of it')
  }
  await fillKeys(folder, keys)
  const [hubUrl, chain] = [hub ?? settings?.hub, chainId ?? settings?.chainId]
  return {
    ...{ keys: folder.keys, store: store ?? folder.store, ledger: url },
    ...{ ...(hubUrl && { hub: hubUrl }), ...(chain && { chainId: chain }), ...shared },
    remember: async (found) => {
      if (settings !== undefined) return
      await writeSettings(folder, { ledger: url, hub: hubUrl ?? found.hub, chainId: found.chainId })
    },
  }
}

/** Has the folder hold the words; those that it holds stay, and others are refused (`wallet_exists`). */
async function fillKeys(folder: WalletFolder, keys: string | undefined): Promise<void> {
  if (!(await isWordsFileThere(folder.keys))) {
    const words = keys === undefined ? await readWords() : await readWordsFile(keys)
    await makeFolder(folder.path)
    return writeWordsFile(folder.keys, words)
  }
  const words = keys === undefined ? await offeredWords() : await readWordsFile(keys)
  if (words === undefined || words === (await readWordsFile(folder.keys))) return
  const detail = `${folder.path} holds the wallet of other words: --wallet names another folder`
  throw new CommandError('wallet_exists', detail)
}
