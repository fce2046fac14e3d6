import { access, constants, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { StoreFault } from '@tallystick/client-sdk'
import {
  lookAtWallet,
  type OpenedWallet,
  openWallet,
  type StoreAdvice,
} from '@tallystick/client-sdk/node'
import { CommandError, showProgress } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import { readWordsFile } from './words-file.js'

/** Where a wallet is, and the ledger node that it asks. */
export type WalletPlace = {
  readonly keys: string
  readonly store: string
  readonly ledger: string
  readonly chainId?: ChainId
  /** Other devices use the words as well (CH-19). */
  readonly sharedWords?: true
}

/** How a store is opened. */
type OpenHow = {
  /** `look`: only to show something, and nothing of it is written; else, whether it does what is due while it is open. */
  readonly as: 'look' | 'guard' | 'bystander'
  /** Begin a store where there is none, from the words alone. */
  readonly isNew?: boolean
  /** The owner's word that the store may be an old copy: its channels' books are lost then (JRN-6). */
  readonly mayBeOld?: boolean
}

/** Opens a wallet without a hub. Throws `store_missing`, and what the SDK says. */
export async function openStore(
  { keys, store, ledger: ledgerUrl, chainId, sharedWords }: WalletPlace,
  { as, isNew = false, mayBeOld = false }: OpenHow,
): Promise<OpenedWallet> {
  const words = await readWordsFile(keys)
  if (!isNew) await requireStore(store)
  if (as !== 'look') await requireFolder(store)
  if (chainId === undefined) tellUntrustedChain()
  const open = (restored: boolean) => {
    const place = {
      ...{ words, file: store, ledgerUrl, restored, advice: ADVICE },
      sharedWords: sharedWords === true,
      ...(chainId !== undefined && { chainId }),
    }
    return as === 'look' ? lookAtWallet(place) : openWallet({ ...place, guards: as === 'guard' })
  }
  return showProgress('opening the wallet', () =>
    open(false).catch((error: unknown) => {
      if (mayBeOld && error instanceof StoreFault && COPIED.has(error.code)) return open(true)
      throw error
    }),
  )
}

/** A mistyped name must not end in channels that are left as if their store were lost. Throws `store_missing`. */
export async function requireStore(store: string): Promise<void> {
  await stat(store).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    const detail = `there is no store ${store}; "wallet restore" makes one from the words`
    throw new CommandError('store_missing', detail)
  })
}

/** The ways out that this command has. */
export const ADVICE: StoreAdvice = {
  copy: 'put the newest copy back, fill another --store with "wallet restore", or leave its channels with "wallet exit --unsure"',
  damage:
    'put the newest copy back, fill another --store with "wallet restore", or leave its channels with "wallet exit --new-store" and another --store',
}

/** What a store is refused for that was put back from elsewhere (JRN-5). */
const COPIED = new Set<StoreFault['code']>([
  ...(['store_rolled_back', 'store_swapped'] as const),
  ...(['mark_missing', 'mark_damaged', 'mark_rolled_back'] as const),
])

/** Throws `folder_unusable` where no store can be kept. */
export async function requireFolder(store: string): Promise<void> {
  const folder = dirname(resolve(store))
  await access(folder, constants.W_OK | constants.X_OK).catch(() => {
    const detail = `the store ${store} cannot be kept in ${folder}: make the folder, or name another`
    throw new CommandError('folder_unusable', detail)
  })
}

/** Without `--chain-id` the chain is whichever the node says: nothing else would be worth proving. */
export function tellUntrustedChain(): void {
  process.stderr.write('no --chain-id: the genesis is believed to be what the node says\n')
}
