import {
  type Anchor,
  type PaymentLetter,
  RESUME_NONCE_BYTES,
  type Rejection,
  type WalletKeys,
} from '@tallystick/protocol'
import type { Clock } from '../clock.js'
import type { GuardAct } from '../guard/guard-loop.js'
import type { BlockFeed } from '../ledger/block-feed.js'
import { KeyCoins } from '../ledger/key-coins.js'
import type { LetterPayment } from '../letters/letter-payment.js'
import type { OfferRecord } from '../letters/own-offer.js'
import type { PayoutRecord } from '../payout/payout-record.js'
import type { WalletStore } from '../store/wallet-store.js'
import type { StreamRecord } from '../stream/stream-records.js'
import { KnownHub } from './known-hub.js'
import type { StoredWallet } from './load-wallet.js'
import type { StreamTerms } from './receive-stream.js'
import { SharedWords } from './shared-words.js'
import type { WalletEffect, WalletEvent } from './wallet-event.js'
import { liveChannels } from './wallet-ledger.js'
import { WalletLoop } from './wallet-loop.js'
import type { InvoiceRecord, PaymentRecord, WalletChannel } from './wallet-records.js'
import type { WalletState } from './wallet-state.js'
import { Watchers } from './watchers.js'

/** What a wallet tells its owner while it runs. */
export type WalletNotice =
  | { readonly kind: 'connected'; readonly hub: string }
  | { readonly kind: 'disconnected'; readonly reason: string }
  | { readonly kind: 'invoice'; readonly invoice: InvoiceRecord }
  | { readonly kind: 'payment'; readonly payment: PaymentRecord }
  | { readonly kind: 'payout'; readonly payout: PayoutRecord }
  | { readonly kind: 'offer'; readonly offer: OfferRecord }
  /** Of the payment of an offer, or of a spontaneous one, before it is begun and after it has ended. */
  | { readonly kind: 'letterPayment'; readonly payment: LetterPayment }
  /** A stream that this wallet pays, or that pays it, has changed. */
  | { readonly kind: 'stream'; readonly stream: StreamRecord }
  /** A stream that came was declined, and why. */
  | { readonly kind: 'streamRefused'; readonly anchor: Anchor; readonly code: string }
  | { readonly kind: 'guard'; readonly act: GuardAct }
  /** A new store was filled from a backup, which was made at this ledger time. */
  | { readonly kind: 'restored'; readonly version: number; readonly time: number }
  | { readonly kind: 'problem'; readonly code: string; readonly detail: string }

/** A caller that may stop waiting; what was begun goes on. */
export type Caller = { readonly signal?: AbortSignal }

export type WalletCoreParts = {
  readonly keys: WalletKeys
  readonly feed: BlockFeed
  readonly store: WalletStore
  readonly stored: StoredWallet
  readonly randomBytes: (length: number) => Uint8Array
  readonly clock: Clock
  /** Which streams are let come; absent: none. */
  readonly streams?: StreamTerms | undefined
  readonly onEvent: (notice: WalletNotice) => void
  /** See `WalletContext`. */
  readonly announced: (anchor: Anchor) => PaymentLetter | undefined
  readonly perform: (effect: WalletEffect) => void
  readonly onRefused: (event: WalletEvent, rejection: Rejection) => void
  /** The store has failed: nothing is signed any more, and nothing need be heard (JRN-8). */
  readonly onFault: () => void
}

/** What the parts of one wallet share: keys, books, the loop that changes them, who waits for what. */
export class WalletCore {
  readonly keys: WalletKeys
  readonly feed: BlockFeed
  readonly store: WalletStore
  readonly state: WalletState
  readonly coins: KeyCoins
  readonly sharedWords: SharedWords
  readonly hub: KnownHub
  readonly randomBytes: (length: number) => Uint8Array
  readonly clock: Clock
  readonly changes = new Watchers<WalletNotice | { readonly kind: 'books' }>()
  readonly #loop: WalletLoop
  readonly #onEvent: (notice: WalletNotice) => void

  constructor(parts: WalletCoreParts) {
    const { keys, feed, store, stored, perform, onRefused } = parts
    this.keys = keys
    this.feed = feed
    this.store = store
    this.state = stored.state
    this.coins = new KeyCoins(feed.ledger, keys.payout(0), 0)
    this.sharedWords = new SharedWords(store, stored.isShared)
    this.hub = new KnownHub(store, stored.hub)
    this.randomBytes = parts.randomBytes
    this.clock = parts.clock
    this.#onEvent = parts.onEvent
    this.#loop = new WalletLoop({
      state: stored.state,
      store,
      context: () => ({
        chainId: feed.ledger.chainId,
        now: feed.time,
        signer: keys.channel,
        nonce: parts.randomBytes(RESUME_NONCE_BYTES),
        announced: parts.announced,
        streams: parts.streams,
      }),
      perform,
      onRefused,
      onFault: (fault) => {
        parts.onFault()
        this.problem('store_failed', String(fault))
      },
    })
  }

  /** The channels that are not settled yet. */
  channels(): readonly WalletChannel[] {
    return liveChannels(this.state.channels())
  }

  /**
   * Kept once the event is durable; answers the rejection when it was refused. Who does not wait for
   * it learns of a store that fails by the notice of it.
   */
  submit(event: WalletEvent): Promise<Rejection | undefined> {
    const submitted = this.#loop.submit(event).then((refused) => {
      this.changes.tell({ kind: 'books' })
      return refused
    })
    submitted.catch(() => undefined)
    return submitted
  }

  /** Submits what nobody waits for. */
  submitAlone(event: WalletEvent): void {
    this.submit(event).catch(ignoreFault)
  }

  async submitAll(events: readonly WalletEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.submit(event)))
  }

  notify(notice: WalletNotice): void {
    this.changes.tell(notice)
    this.#onEvent(notice)
  }

  problem(code: string, detail: string): void {
    this.notify({ kind: 'problem', code, detail })
  }

  /** Waits until something that is looked at after every change is so. */
  async until(holds: () => boolean, { signal }: Caller): Promise<void> {
    if (!holds()) await this.changes.wait(holds, signal)
  }

  /** Lets what was begun come to its end; nobody waits for anything afterwards. */
  async close(): Promise<void> {
    this.changes.close()
    await this.#loop.idle()
  }
}

/** For work that nobody waits for: a store that fails is told by itself. */
export function ignoreFault(): void {}
