import {
  decodeTrusted,
  parseMnemonic,
  seedFromMnemonic,
  toHex,
  utf8,
  type WalletKeys,
} from '@tallystick/protocol'
import { StoreFault } from '../store/store-fault.js'
import type { WalletStore } from '../store/wallet-store.js'
import { WalletError } from '../wallet-error.js'
import { decodeWalletChannel, invoiceRecordCodec, paymentRecordCodec } from './wallet-records.js'
import { WalletState } from './wallet-state.js'

export type StoredWallet = {
  readonly state: WalletState
  /** Channel keys below this index were given away, whatever became of them; absent: a new store. */
  readonly nextKeyIndex: number | undefined
}

/** Reads a store. Errors: `store_of_other_words`; `StoreFault` `store_corrupt`. */
export async function loadWallet(store: WalletStore, keys: WalletKeys): Promise<StoredWallet> {
  const owner = await store.get('meta', 'identity')
  const identity = utf8(keys.identity.publicKey)
  if (owner === undefined) await store.commit([{ kind: 'meta', key: 'identity', value: identity }])
  else if (toHex(owner) !== toHex(identity)) {
    throw new WalletError('store_of_other_words', 'the store belongs to a wallet with other words')
  }
  const state = new WalletState()
  for (const { value } of await store.list('channel')) state.setChannel(decodeWalletChannel(value))
  for (const { value } of await store.list('invoice')) {
    state.setInvoice(decodeTrusted(invoiceRecordCodec, value))
  }
  for (const { value } of await store.list('payment')) {
    state.setPayment(decodeTrusted(paymentRecordCodec, value))
  }
  const next = await store.get('meta', 'nextKeyIndex')
  return { state, nextKeyIndex: next && parseKeyIndex(next) }
}

/** The index of a channel key: decimal digits. A wrong one would give a key away twice. */
function parseKeyIndex(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes)
  if (/^(?:0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= KEY_INDEX_MAX) return Number(text)
  throw new StoreFault('store_corrupt', 'nextKeyIndex of the store is no index of a key')
}

/** Indexes have 31 bits (KEY-2). */
const KEY_INDEX_MAX = 2 ** 31 - 1

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
