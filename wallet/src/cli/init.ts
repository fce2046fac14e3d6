import { randomBytes, randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { LedgerClient } from '@tallystick/client-sdk'
import { makeFolder, openWallet, openWsSocket } from '@tallystick/client-sdk/node'
import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import { type ChainId, createMnemonic, type Mnemonic } from '@tallystick/protocol'
import { askPerson, isSomebodyThere } from './ask-person.js'
import { isFileThere } from './file-there.js'
import { ADVICE } from './open-store.js'
import { type WalletFolder, walletFolder, writeSettings } from './wallet-folder.js'
import { wordLines } from './word-lines.js'
import { isWordsFileThere, readWordsFile, writeWordsFile } from './words-file.js'

export type InitCommand = {
  readonly wallet?: string
  readonly ledger: string
  readonly hub: string
  readonly chainId?: ChainId
  readonly wordsFile?: string
  readonly yes?: true
  readonly json?: true
}

/** Bytes behind twelve words. */
const ENTROPY_BYTES = 16

/**
 * `wallet init`: new words, and a folder that knows its network; nothing that is there is overwritten. What
 * an earlier one has not finished it goes on with, and with its words.
 */
export async function initWallet(options: InitCommand): Promise<void> {
  const { ledger: ledgerUrl, hub, json } = options
  const folder = walletFolder(options.wallet)
  await requireNoWallet(folder)
  const asked = { url: ledgerUrl, openSocket: openWsSocket }
  const chain = options.chainId && { chainId: options.chainId }
  const { chainId } = await showProgress('asking the node', () =>
    LedgerClient.connect({ ...asked, ...chain }),
  )
  const { words, isShown } = await handedOver(folder, options)
  const lock = await showProgress('making the store', () =>
    beginStore(folder, { words, ledgerUrl, chainId }),
  )
  // Last: only what is whole is a wallet.
  await writeSettings(folder, { ledger: ledgerUrl, hub, chainId })
  const facts = {
    ...{ wallet: folder.path, keys: folder.keys, words_file: options.wordsFile ?? null },
    ...{ ledger: ledgerUrl, hub, chain_id: chainId, payout_lock: lock },
  }
  const text = [
    `wallet    ${folder.path}`,
    `words     ${folder.keys}, for its owner alone${isShown || options.wordsFile ? '' : ': keep a copy elsewhere'}`,
    `ledger    ${ledgerUrl}, chain ${chainId}`,
    `hub       ${hub}`,
    `coins to  ${lock}`,
  ]
  printFacts(json, facts, text.join('\n'))
}

/** Without settings no command has used it; a store without words is of somebody else. */
async function requireNoWallet({ path, keys, store, settings }: WalletFolder): Promise<void> {
  for (const file of (await isWordsFileThere(keys)) ? [settings] : [settings, store]) {
    if (!(await isFileThere(file))) continue
    const detail = `${path} holds a wallet (${file}), and nothing of it is overwritten: --wallet names another folder; "wallet restore" goes on with what is there`
    throw new CommandError('wallet_exists', detail)
  }
}

/** The words of the folder, with their owner; new ones where it has none. Throws as `handOver`. */
async function handedOver(
  folder: WalletFolder,
  options: InitCommand,
): Promise<{ readonly words: Mnemonic; readonly isShown: boolean }> {
  if (await isWordsFileThere(folder.keys)) {
    const words = await readWordsFile(folder.keys)
    process.stderr.write(`${folder.keys} is of an "init" that was cut: it goes on with its words\n`)
    return { words, isShown: await handOver(words, options) }
  }
  const words = createMnemonic(new Uint8Array(randomBytes(ENTROPY_BYTES)))
  await makeFolder(folder.path)
  // Before their owner has them: whatever cuts this, the next one goes on with the same.
  await writeWordsFile(folder.keys, words)
  try {
    return { words, isShown: await handOver(words, options) }
  } catch (error) {
    // Nobody has them, and nothing was made with them.
    await rm(folder.keys)
    throw error
  }
}

/**
 * Gives the words to their owner, to a file or once on the terminal, and has one of them typed in again;
 * whether they were shown. Throws `not_confirmed`, `file_exists`.
 */
async function handOver(words: Mnemonic, { wordsFile, yes, json }: InitCommand): Promise<boolean> {
  if (wordsFile !== undefined) {
    const isDone = (await isWordsFileThere(wordsFile)) && (await readWordsFile(wordsFile)) === words
    if (!isDone) await writeWordsFile(wordsFile, words)
    return false
  }
  const isSeen = process.stderr.isTTY === true && json === undefined
  if (!isSeen || !isSomebodyThere()) {
    if (yes) return false
    const detail = `no wallet was made: there is no terminal to show the words on; --words-file writes them to a file, --yes leaves them in the wallet's folder alone`
    throw new CommandError('not_confirmed', detail)
  }
  process.stderr.write(`${wordLines(words).join('\n')}\n`)
  if (!yes) await confirmWord(words.split(' '))
  return true
}

/** Whoever can type a word has written it down. */
async function confirmWord(words: readonly string[]): Promise<void> {
  const index = randomInt(words.length)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const typed = await askPerson(`Write them down. Word ${index + 1} is: `)
    if (typed === undefined) break
    if (typed.trim().toLowerCase() === words[index]) return
    process.stderr.write('It is another one.\n')
  }
  throw new CommandError('not_confirmed', 'no wallet was made: the word was not the one')
}

const ATTEMPTS = 3

/** Makes the store, so that no later command takes it for lost; the lock under which coins come. */
async function beginStore(
  { store: file }: WalletFolder,
  network: { readonly words: Mnemonic; readonly ledgerUrl: string; readonly chainId: ChainId },
): Promise<string> {
  const { wallet, close } = await openWallet({ ...network, file, advice: ADVICE })
  try {
    return wallet.payoutLock
  } finally {
    await close()
  }
}
