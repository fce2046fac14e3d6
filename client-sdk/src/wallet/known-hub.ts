import { type Decoded, encode, publicKeyCodec, struct, text } from '@tallystick/protocol'
import type { StoreWrite, WalletStore } from '../store/wallet-store.js'

/** A hub that has proved its key, and the session address that it was reached at. */
export const hubPlaceCodec = struct({ key: publicKeyCodec, url: text(2_048) })
export type HubPlace = Decoded<typeof hubPlaceCodec>

/** The record of it. */
export const KNOWN_HUB = { kind: 'meta', key: 'hub' } as const

/** What a store says of its hub. */
export function knownHubRecord(hub: HubPlace): StoreWrite {
  return { ...KNOWN_HUB, value: encode(hubPlaceCodec, hub) }
}

/**
 * The hub that answered last. A wallet that was opened without one can so still say in its backups where a
 * restore has to ask (BAK-1).
 */
export class KnownHub {
  readonly #store: WalletStore
  #place: HubPlace | undefined

  constructor(store: WalletStore, place: HubPlace | undefined) {
    this.#store = store
    this.#place = place
  }

  get place(): HubPlace | undefined {
    return this.#place
  }

  /** It has answered; durable when the promise is kept. Errors: those of the store. */
  async met(hub: HubPlace): Promise<void> {
    if (this.#place?.key === hub.key && this.#place.url === hub.url) return
    this.#place = hub
    await this.#store.commit([knownHubRecord(hub)])
  }
}
