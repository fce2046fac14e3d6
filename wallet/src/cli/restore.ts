import {
  fetchKeptCopies,
  type KeptCopy,
  LedgerClient,
  type Wallet,
  WalletError,
  type WalletNotice,
} from '@tallystick/client-sdk'
import { type OpenedWallet, openWallet, openWsSocket } from '@tallystick/client-sdk/node'
import { printFacts, showProgress } from '@tallystick/daemon'
import type { ChainId, Mnemonic } from '@tallystick/protocol'
import { type BackupFile, readBackupFile } from './backup-file.js'
import { moneyOf } from './ledger-words.js'
import { ADVICE, requireFolder, tellUntrustedChain, type WalletPlace } from './open-store.js'
import type { PlaceOptions } from './place-of.js'
import { restorePlace } from './restore-place.js'
import {
  isWaiting,
  lacksBackup,
  restoreFacts,
  restoreLines,
  type Sources,
  viewsOf,
} from './restore-report.js'
import { readWordsFile } from './words-file.js'

export type RestoreCommand = PlaceOptions & {
  readonly backup?: string
  readonly tower?: readonly string[]
  /** Seconds that the hub is waited for. */
  readonly patience: number
  readonly json?: true
}

/** `wallet restore`: a new store out of the words, and whatever else is left; again goes on where it was. */
export async function restoreWallet(options: RestoreCommand): Promise<void> {
  const { tower = [], json } = options
  const place = await restorePlace(options)
  const { keys, chainId, ledger: url } = place
  const words = await readWordsFile(keys)
  await requireFolder(place.store)
  const { backup: file } = options
  const backup = file === undefined ? undefined : await readBackupFile(file, words, chainId)
  const chain = chainId ?? backup?.chainId
  if (chain === undefined) tellUntrustedChain()
  const ledger = await showProgress('asking the node', () =>
    LedgerClient.connect({ url, openSocket: openWsSocket, ...(chain && { chainId: chain }) }),
  )
  const copies = await showProgress(
    'looking for channels, and asking the watchtowers',
    async () => {
      await ledger.refresh()
      const towers = tower.map((address) => ({ url: address }))
      const usedKeyIndexes = backup?.content.nextKeyIndex ?? 0
      return fetchKeptCopies({ words, ledger, towers, openSocket: openWsSocket, usedKeyIndexes })
    },
  )
  const notices: WalletNotice[] = []
  const hubUrl = place.hub ?? backup?.content.hub?.url
  const opened = await openRestored(place, {
    ...{ words, backup, copies, chainId: ledger.chainId, hubUrl },
    onEvent: (notice) => notices.push(notice),
  })
  try {
    const { wallet, feed } = opened
    await place.remember({ chainId: ledger.chainId, hub: hubUrl })
    const hub = await waitForHub(wallet, hubUrl, options.patience)
    const sources: Sources = { backup, copies, notices, hub }
    const views = await viewsOf(wallet, hub)
    if (views.some(isWaiting) || lacksBackup(sources)) process.exitCode = 1
    const money = await moneyOf(opened.ledger, [0, ...views.map(({ asset }) => asset)])
    const balance = await showProgress('asking the node', () => wallet.balance())
    const facts = restoreFacts(sources, views, balance, feed)
    const text = json ? '' : restoreLines(sources, views, balance, { money, feed, options: place })
    printFacts(json, facts, text)
  } finally {
    await opened.close()
  }
}

type Found = {
  readonly words: Mnemonic
  readonly backup: BackupFile | undefined
  readonly copies: readonly KeptCopy[]
  readonly chainId: ChainId
  readonly hubUrl: string | undefined
  readonly onEvent: (notice: WalletNotice) => void
}

/** Opens the store with all that was found; one that is in use goes on without the backup (BAK-4). */
async function openRestored(
  { store, ledger: ledgerUrl, sharedWords }: WalletPlace,
  { words, backup, copies, chainId, hubUrl, onEvent }: Found,
): Promise<OpenedWallet> {
  const entrusted = copies.flatMap(({ outcome }) =>
    outcome === undefined || outcome instanceof WalletError ? [] : outcome,
  )
  const open = (bytes: Uint8Array | undefined) =>
    openWallet({
      ...{ words, file: store, ledgerUrl, chainId, entrusted, onEvent },
      ...{ sharedWords: sharedWords === true, advice: ADVICE },
      ...(hubUrl !== undefined && { hubUrl }),
      ...(bytes !== undefined && { backup: bytes }),
    })
  return showProgress('filling the store', () =>
    open(backup?.bytes).catch((error: unknown) => {
      if (error instanceof WalletError && error.code === 'store_not_empty') return open(undefined)
      throw error
    }),
  )
}

/** Whether the hub has taken up what it would take up, within so many seconds. */
async function waitForHub(
  wallet: Wallet,
  hubUrl: string | undefined,
  patienceSeconds: number,
): Promise<Sources['hub']> {
  if (hubUrl === undefined) return 'none'
  const signal = AbortSignal.timeout(patienceSeconds * 1_000)
  try {
    await showProgress('waiting for the hub', () => wallet.connected({ signal }))
    return 'answered'
  } catch (error) {
    if (error instanceof WalletError && error.code === 'aborted') return 'silent'
    throw error
  }
}
