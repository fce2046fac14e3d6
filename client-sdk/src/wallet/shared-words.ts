import { utf8 } from '@tallystick/protocol'
import type { WalletStore } from '../store/wallet-store.js'

/**
 * Whether other devices use the words of this wallet as well (CH-19). Once it is so it stays so, on
 * disk: whoever forgot it could vouch for a state that another device has left behind.
 */
export class SharedWords {
  readonly #store: WalletStore
  #isSet: boolean

  constructor(store: WalletStore, isSet: boolean) {
    this.#store = store
    this.#isSet = isSet
  }

  get isSet(): boolean {
    return this.#isSet
  }

  /** From here on it is so; durable when the promise is kept. Errors: those of the store. */
  async set(): Promise<void> {
    if (this.#isSet) return
    this.#isSet = true
    await this.#store.commit([SHARED_WORDS])
  }
}

/** The record that says so. */
export const SHARED_WORDS = { kind: 'meta', key: 'sharedWords', value: utf8('1') } as const
