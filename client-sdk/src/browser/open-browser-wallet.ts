import { createMnemonic, type Mnemonic, parseMnemonic } from '@tallystick/protocol'
import { openWebSocket } from '../ledger/open-web-socket.js'
import { StoreFault } from '../store/store-fault.js'
import { type OpenedWallet, openOver, type PlatformWalletOptions } from '../wallet/open-over.js'
import { WalletError } from '../wallet-error.js'
import { BrowserMark } from './browser-mark.js'
import { openIndexedDatabase, removeIndexedDatabase } from './indexed-database.js'
import { IndexedStore, storedVault } from './indexed-store.js'
import { makeVault, type Opened, openVault, parseVault, rewrapVault, type Vault } from './vault.js'
import { takeTurn, type WalletTurn } from './wallet-turn.js'

/** A wallet in a browser, with everything that it stands on. */
export type OpenedBrowserWallet = OpenedWallet & {
  /** Its BIP-39 words: who has them has the money. To be written down by the owner, and shown to nobody else. */
  readonly words: Mnemonic
  /** Kept with whether the browser promises not to throw the wallet away when space runs out; it may ask its user first. */
  readonly persistent: Promise<boolean>
  /** From now on another passphrase opens it. Errors: `passphrase_wrong`, `passphrase_invalid`. */
  changePassphrase(change: { readonly from: string; readonly to: string }): Promise<void>
}

/** What a wallet in a browser is opened with. */
export type BrowserWalletOptions = PlatformWalletOptions & {
  /** Tells several wallets of one origin apart; 1 to 64 characters. Absent: `wallet`. */
  readonly name?: string
  readonly passphrase: string
  /** Waits until the tab that has the wallet open is closed, instead of `store_in_use`. */
  readonly wait?: boolean
  /** Ends the waiting for another tab. */
  readonly signal?: AbortSignal
}

/** Whether this browser holds a wallet of this name. Errors: `name_invalid`, `StoreFault`. */
export async function hasBrowserWallet(name?: string): Promise<boolean> {
  const database = await openIndexedDatabase(databaseName(name), false, () => undefined)
  if (database === undefined) return false
  try {
    return (await storedVault(database)) !== undefined
  } finally {
    database.close()
  }
}

/**
 * Makes a wallet in this browser, under a passphrase: of new words, which its owner has to be shown (`words`), or of
 * those of a wallet that is restored, whose channels and backup are found. What fails leaves nothing behind. Errors: `wallet_exists`, `words_invalid`,
 * `passphrase_invalid`, `name_invalid`, `browser_unfit`; `StoreFault`, as of `Wallet.open`, `LedgerError`.
 */
export async function createBrowserWallet({
  words,
  ...options
}: BrowserWalletOptions & { readonly words?: string }): Promise<OpenedBrowserWallet> {
  const mnemonic = words === undefined ? newWords() : parsedWords(words)
  return openInTurn(options, true, async (place) => {
    if ((await storedVault(place.database)) !== undefined) {
      const detail = 'this browser has a wallet of that name: open it, or remove it first'
      throw new WalletError('wallet_exists', detail)
    }
    const { vault, opened } = await makeVault(options.passphrase, mnemonic)
    const store = await IndexedStore.make(place, vault, opened.key)
    return { store, vault, opened, isMaybeOld: false }
  })
}

/**
 * Opens the wallet of this browser with its passphrase, for this page alone: another one gets `store_in_use`, or waits
 * (WEB-1). `restored`: it is a copy that may be old (JRN-6). Errors: `wallet_missing`, `passphrase_wrong`, `name_invalid`,
 * `browser_unfit`; `StoreFault`; as of `Wallet.open`, `LedgerError`.
 */
export async function openBrowserWallet({
  restored = false,
  ...options
}: BrowserWalletOptions & { readonly restored?: boolean }): Promise<OpenedBrowserWallet> {
  return openInTurn(options, false, async (place) => {
    const stored = await storedVault(place.database)
    if (stored === undefined) throw missing()
    const vault = parseVault(stored)
    const opened = await openVault(vault, options.passphrase)
    const found = await IndexedStore.open(place, { id: vault.id, key: opened.key }, restored)
    return { ...found, vault, opened }
  })
}

/**
 * Removes a wallet from this browser: only its words, or a backup and them, bring it back. Errors: `name_invalid`,
 * `browser_unfit`; `StoreFault` `store_in_use` while a tab has it open.
 */
export async function removeBrowserWallet(name?: string): Promise<void> {
  const database = databaseName(name)
  const turn = await takeTurn(database, { wait: false, signal: undefined, onLost: () => undefined })
  try {
    await remove(database)
  } finally {
    turn.end()
  }
}

async function remove(path: string): Promise<void> {
  await removeIndexedDatabase(path)
  new BrowserMark(path).remove()
}

type Place = { readonly database: IDBDatabase; readonly mark: BrowserMark }
type Unlocked = {
  readonly store: IndexedStore
  readonly vault: Vault
  readonly opened: Opened
  readonly isMaybeOld: boolean
}

async function openInTurn(
  { name, passphrase, wait = false, signal, ...options }: BrowserWalletOptions,
  make: boolean,
  unlock: (place: Place) => Promise<Unlocked>,
): Promise<OpenedBrowserWallet> {
  const path = databaseName(name)
  let lost: StoreFault | undefined
  let unlocked: Unlocked | undefined
  const onLost = () => {
    lost = new StoreFault('store_in_use', 'the wallet was taken from this tab: load it again')
    unlocked?.store.fail(lost)
  }
  const turn = await takeTurn(path, { wait, signal, onLost })
  let database: IDBDatabase | undefined
  try {
    database = await openIndexedDatabase(path, make, onLost)
    if (database === undefined) throw missing()
    unlocked = await unlock({ database, mark: new BrowserMark(path) })
    if (lost !== undefined) throw lost
    const { store, opened, isMaybeOld } = unlocked
    const persistent = navigator.storage.persist().catch(() => false)
    const wallet = await openOver({
      ...{ ...options, words: opened.words, restored: isMaybeOld, openSocket: openWebSocket },
      openStore: async () => ({ store, close: () => given(store, turn) }),
    })
    return { ...wallet, words: opened.words, persistent, changePassphrase: changer(unlocked) }
  } catch (error) {
    if (unlocked !== undefined) await unlocked.store.close()
    else database?.close()
    // Nobody has seen its words, or they are known anyway: who tries again begins anew.
    if (make && unlocked !== undefined) await remove(path)
    turn.end()
    throw error
  }
}

async function given(store: IndexedStore, turn: WalletTurn): Promise<void> {
  await store.close()
  turn.end()
}

function changer({ store, vault, opened }: Unlocked): OpenedBrowserWallet['changePassphrase'] {
  let current = vault
  return async ({ from, to }) => {
    await openVault(current, from)
    const next = await rewrapVault(current, opened, to)
    await store.replaceVault(next)
    current = next
  }
}

function databaseName(name: unknown = 'wallet'): string {
  if (typeof name === 'string' && name.isWellFormed() && name.length >= 1 && name.length <= 64) {
    return `tallystick ${name}`
  }
  throw new WalletError('name_invalid', 'the name of a wallet is text of 1 to 64 characters')
}

function newWords(): Mnemonic {
  return createMnemonic(crypto.getRandomValues(new Uint8Array(16)))
}

function parsedWords(words: unknown): Mnemonic {
  const mnemonic = typeof words === 'string' ? parseMnemonic(words) : undefined
  if (mnemonic !== undefined) return mnemonic
  const detail = 'these are not 12 to 24 BIP-39 words with a right checksum'
  throw new WalletError('words_invalid', detail)
}

function missing(): WalletError {
  return new WalletError('wallet_missing', 'this browser has no wallet of that name')
}
