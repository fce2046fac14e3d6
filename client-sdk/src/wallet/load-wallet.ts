import {
  type ChainId,
  COUNTER_MAX,
  decodeTrusted,
  PATH_INDEX_MAX,
  parseMnemonic,
  seedFromMnemonic,
  toHex,
  utf8,
  type WalletKeys,
} from '@tallystick/protocol'
import {
  type FinishedRecords,
  finishedRecordsCodec,
  NOTHING_FINISHED,
} from '../backup/finished-records.js'
import { payoutRecordCodec } from '../payout/payout-record.js'
import { StoreFault } from '../store/store-fault.js'
import type { WalletStore } from '../store/wallet-store.js'
import { endedStreamCount, keepFormerStreams } from '../stream/ended-streams.js'
import { streamRecordCodec } from '../stream/stream-records.js'
import { WalletError } from '../wallet-error.js'
import { type HubPlace, hubPlaceCodec, KNOWN_HUB } from './known-hub.js'
import { countOf } from './record-order.js'
import { SHARED_WORDS } from './shared-words.js'
import { decodeWalletChannel, invoiceRecordCodec, paymentRecordCodec } from './wallet-records.js'
import { WalletState } from './wallet-state.js'

export type StoredWallet = {
  readonly state: WalletState
  /** Channel keys below this index were given away, whatever became of them; absent: a new store. */
  readonly nextKeyIndex: number | undefined
  /** Key indexes below this one were given away, as far as this store knows. */
  readonly usedKeyIndexes: number
  /** The newest backup that was made of this store, or that it was made from (BAK-3); 0: none. */
  readonly backupVersion: number
  /** The newest of them that the hub has said to hold (BAK-7); 0: none. */
  readonly backupConfirmed: number
  /** Whether the hub has refused one of them, because it keeps a newer one (BAK-5). */
  readonly isBackupOutdated: boolean
  /** The hub that answered last. */
  readonly hub: HubPlace | undefined
  /** Whether other devices use its words as well (CH-19). */
  readonly isShared: boolean
  /** What goes into its backups of what is finished. */
  readonly finished: FinishedRecords
}

/**
 * Reads a store, which belongs to one wallet on one ledger from its first use on: numbers of channels
 * mean others elsewhere. Errors: `store_of_other_words`; `StoreFault` `store_of_another_chain`,
 * `store_corrupt`.
 */
export async function loadWallet(
  store: WalletStore,
  keys: WalletKeys,
  chainId: ChainId,
): Promise<StoredWallet> {
  const [identity, chain] = [utf8(keys.identity.publicKey), utf8(chainId)]
  const owner = await store.get('meta', 'identity')
  if (owner !== undefined && toHex(owner) !== toHex(identity)) {
    throw new WalletError('store_of_other_words', 'the store belongs to a wallet with other words')
  }
  const stored = await store.get('meta', 'chain')
  if (stored !== undefined && toHex(stored) !== toHex(chain)) {
    const mine = new TextDecoder().decode(stored)
    const detail = `the store is of chain ${mine}, and the ledger is ${chainId}: ask another node`
    throw new StoreFault('store_of_another_chain', detail)
  }
  if (owner === undefined || stored === undefined) {
    await store.commit([
      { kind: 'meta', key: 'identity', value: identity },
      { kind: 'meta', key: 'chain', value: chain },
    ])
  }
  const state = new WalletState()
  for (const { value } of await store.list('channel')) state.setChannel(decodeWalletChannel(value))
  for (const { value } of await store.list('invoice')) {
    state.setInvoice(decodeTrusted(invoiceRecordCodec, value))
  }
  for (const { value } of await store.list('payment')) {
    state.setPayment(decodeTrusted(paymentRecordCodec, value))
  }
  for (const { value } of await store.list('payout')) {
    state.setPayout(decodeTrusted(payoutRecordCodec, value))
  }
  for (const { value } of await store.list('stream')) {
    state.setStream(decodeTrusted(streamRecordCodec, value))
  }
  await keepFormerStreams(store)
  state.endedStreams = {
    paid: await endedStreamCount(store, 'paid'),
    received: await endedStreamCount(store, 'received'),
  }
  state.invoiceCount = await countOf(store, 'invoiceOrder')
  state.paymentCount = await countOf(store, 'paymentOrder')
  state.payoutCount = await countOf(store, 'payoutOrder')
  const finished = await store.get('meta', 'backupFinished')
  const hub = await store.get(KNOWN_HUB.kind, KNOWN_HUB.key)
  return {
    state,
    finished: finished ? decodeTrusted(finishedRecordsCodec, finished) : NOTHING_FINISHED,
    hub: hub && decodeTrusted(hubPlaceCodec, hub),
    nextKeyIndex: await storedCount(store, 'nextKeyIndex', PATH_INDEX_MAX),
    usedKeyIndexes: await storedKeyIndexes(store),
    backupConfirmed: (await storedCount(store, 'backupConfirmed', COUNTER_MAX)) ?? 0,
    isShared: (await store.get(SHARED_WORDS.kind, SHARED_WORDS.key)) !== undefined,
    isBackupOutdated: (await store.get('meta', 'backupOutdated')) !== undefined,
    backupVersion: (await storedCount(store, 'backupVersion', COUNTER_MAX)) ?? 0,
  }
}

/** Below this, indexes were given away: by this store, or by the one that it was restored from. */
export async function storedKeyIndexes(store: WalletStore): Promise<number> {
  const [next, used] = [
    await storedCount(store, 'nextKeyIndex', PATH_INDEX_MAX),
    await storedCount(store, 'usedKeyIndexes', PATH_INDEX_MAX),
  ]
  return Math.max(next ?? 0, used ?? 0)
}

/** A count: decimal digits. A wrong one would give a key, or the version of a backup, away twice. */
/** A count that the store keeps under a name. Throws `store_corrupt`. */
export async function storedCount(
  store: WalletStore,
  name: string,
  max: number,
): Promise<number | undefined> {
  const bytes = await store.get('meta', name)
  if (bytes === undefined) return undefined
  const text = new TextDecoder().decode(bytes)
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text) && Number(text) <= max) return Number(text)
  throw new StoreFault('store_corrupt', `${name} of the store is no count of 0 to ${max}`)
}

/** Bounds of a seed, bytes (SLIP-0010). */
const SEED_BYTES_MIN = 16
const SEED_BYTES_MAX = 64

/** The seed that BIP-39 words stand for, or the seed itself. Errors: `words_invalid`. */
export function masterSeedOf(words: unknown): Uint8Array {
  if (words instanceof Uint8Array) {
    if (words.length >= SEED_BYTES_MIN && words.length <= SEED_BYTES_MAX) return words
    const detail = `a seed has ${SEED_BYTES_MIN} to ${SEED_BYTES_MAX} bytes`
    throw new WalletError('words_invalid', detail)
  }
  const mnemonic = typeof words === 'string' ? parseMnemonic(words) : undefined
  if (mnemonic === undefined) {
    const detail = 'these are not 12 to 24 BIP-39 words with a right checksum'
    throw new WalletError('words_invalid', detail)
  }
  return seedFromMnemonic(mnemonic, '')
}
