import { CommandError } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import type { WalletPlace } from './open-store.js'
import { readSettings, walletFolder } from './wallet-folder.js'

/** How a command is told where the wallet is: by its folder, or file by file. */
export type PlaceOptions = {
  readonly wallet?: string
  readonly keys?: string
  readonly store?: string
  readonly ledger?: string
  readonly hub?: string
  readonly chainId?: ChainId
  readonly sharedWords?: true
}

/**
 * Where a wallet is: what was said, and what its folder says for the rest. Throws `wallet_missing`,
 * `settings_damaged`.
 */
export async function placeOf(
  options: PlaceOptions,
): Promise<WalletPlace & { readonly hub?: string }> {
  const { wallet, keys, store, ledger, hub, chainId, sharedWords } = options
  const shared = sharedWords && { sharedWords }
  if (wallet === undefined && keys !== undefined && store !== undefined && ledger !== undefined) {
    return { keys, store, ledger, ...(hub && { hub }), ...(chainId && { chainId }), ...shared }
  }
  const folder = walletFolder(wallet)
  const settings = await readSettings(folder)
  const hubUrl = hub ?? settings.hub
  return {
    keys: keys ?? folder.keys,
    store: store ?? folder.store,
    ledger: ledger ?? settings.ledger,
    chainId: chainId ?? settings.chainId,
    ...(hubUrl && { hub: hubUrl }),
    ...shared,
  }
}

/** As `placeOf`, for what needs a hub. Throws also `usage`. */
export async function hubPlaceOf(
  options: PlaceOptions,
): Promise<WalletPlace & { readonly hub: string }> {
  const { hub, ...place } = await placeOf(options)
  if (hub !== undefined) return { ...place, hub }
  throw new CommandError('usage', 'no hub is known: --hub names one')
}

/** The ledger alone, for what needs no wallet. Throws as `placeOf`. */
export async function networkOf({
  wallet,
  ledger,
  chainId,
}: PlaceOptions): Promise<Pick<WalletPlace, 'ledger' | 'chainId'>> {
  if (ledger !== undefined && wallet === undefined) return { ledger, ...(chainId && { chainId }) }
  const settings = await readSettings(walletFolder(wallet))
  return { ledger: ledger ?? settings.ledger, chainId: chainId ?? settings.chainId }
}
