import type {
  Amount,
  Anchor,
  Channel,
  ChannelEnd,
  ChannelId,
  Entrusted,
  ItemId,
  Message,
  ResumeAnswer,
  SeenReveal,
  SignedAgreement,
  SignedWithdrawal,
  Timestamp,
} from '@tallystick/protocol'
import type { PayoutEvent } from '../payout/payout-machine.js'
import type { PayoutRecord } from '../payout/payout-record.js'
import type { Redemption } from '../stream/stream-desk.js'
import type { PaidStreamRecord, StreamRecord } from '../stream/stream-records.js'
import type { Books, InvoiceRecord, PaymentRecord } from './wallet-records.js'

/** How far a stream that is paid has come: no tick above `reserved` was given away, `served` were served. */
export type TicksGiven = {
  readonly id: ItemId
  readonly reserved: number
  readonly served: number
}

/** What happens to a wallet. */
export type WalletEvent =
  /** The hub said something about an attached channel. */
  | { readonly kind: 'heard'; readonly message: Message }
  /** The owner wants to pay; the record is `pending`, and gets its place. */
  | {
      readonly kind: 'pay'
      readonly payment: PaymentRecord
      readonly expiry: Timestamp
      /** The paid invoice that this payment refunds. */
      readonly sale: InvoiceRecord | undefined
    }
  /** The owner asks for money; the record is `open`, and gets its place. */
  | { readonly kind: 'invoice'; readonly invoice: InvoiceRecord }
  /** The owner takes what is held for an invoice, or wants it to be paid no more. */
  | { readonly kind: 'capture' | 'cancel'; readonly anchor: Anchor }
  /** The owner opens a stream; the record is `open`. */
  | { readonly kind: 'openStream'; readonly stream: PaidStreamRecord }
  /** Ticks up to a number may be given away from here on. */
  | ({ readonly kind: 'reserveTicks' } & TicksGiven)
  /** No tick is given away any more. */
  | ({ readonly kind: 'endStream' } & TicksGiven)
  /** Ticks that were taken, and have to be on disk before long. */
  | { readonly kind: 'redeemTicks'; readonly redemptions: readonly Redemption[] }
  /** The owner wants to close by agreement: no new items, and an offer is asked for. */
  | { readonly kind: 'drain'; readonly channel: ChannelId }
  /** The owner's key has signed what the hub offered. */
  | { readonly kind: 'agreed'; readonly agreed: SignedAgreement }
  /** The owner's key has signed that money leaves a channel which stays in use; the record gets its place. */
  | {
      readonly kind: 'withdraw'
      readonly agreed: SignedWithdrawal
      readonly payout: PayoutRecord
    }
  /** What became of such a payout on its way to its lock. */
  | { readonly kind: 'payout'; readonly id: ItemId; readonly event: PayoutEvent }
  /** The owner wants to close alone: nothing is signed on the channel any more. */
  | { readonly kind: 'leave'; readonly channel: ChannelId }
  /** The record of the channel may be older than what was signed: nothing is, until it is resumed. */
  | {
      readonly kind: 'stateLost'
      readonly channel: ChannelId
      /** Who says so: what is known of the store, or the hub. */
      readonly by: 'store' | 'hub'
    }
  /** Another device may sign from here on: nothing is, until the hub has given this one a turn (CH-19). */
  | { readonly kind: 'turnEnded'; readonly channel: ChannelId }
  /** The process began anew while the hub was asked from where the lane goes on. */
  | { readonly kind: 'askedAnew'; readonly channel: ChannelId }
  /** A guard gives back what it was entrusted with. */
  | { readonly kind: 'adopted'; readonly entrusted: Entrusted }
  /** The hub says from where to go on; `reveals`: what the ledger knows of the items it shows. */
  | {
      readonly kind: 'resumeAnswered'
      readonly channel: ChannelId
      readonly answer: ResumeAnswer
      readonly reveals: readonly SeenReveal[]
    }
  /** The last two are for a channel that the wallet has not held so far. */
  | {
      readonly kind: 'channelSeen'
      readonly channel: Channel
      readonly keyIndex: number
      readonly books: Books
    }
  | { readonly kind: 'channelGone'; readonly channel: ChannelId }
  /** The ledger's blocks have told how a channel that is gone was settled. */
  | { readonly kind: 'channelEnded'; readonly channel: ChannelId; readonly end: ChannelEnd }
  | ({ readonly kind: 'revealSeen' } & SeenReveal)
  /** Ledger time has moved on; comes after everything else of its block. */
  | { readonly kind: 'timePassed' }

/** What the shell does once the batch is durable. All are safe to repeat. */
export type WalletEffect =
  | { readonly kind: 'send'; readonly message: Message }
  | { readonly kind: 'invoiceChanged'; readonly invoice: InvoiceRecord }
  /** Refunds of a paid invoice have begun or ended: its owner has nothing to hear of that, its backup has. */
  | { readonly kind: 'saleChanged'; readonly invoice: InvoiceRecord }
  | { readonly kind: 'paymentChanged'; readonly payment: PaymentRecord }
  | { readonly kind: 'payoutChanged'; readonly payout: PayoutRecord }
  | { readonly kind: 'streamChanged'; readonly stream: StreamRecord }
  /** A stream that came was declined, and why. */
  | { readonly kind: 'streamRefused'; readonly anchor: Anchor; readonly code: string }
  | { readonly kind: 'channelChanged'; readonly channel: ChannelId }
  /** The books of the channel are whole again: what the hub had to say meanwhile is asked for. */
  | { readonly kind: 'resumed'; readonly channel: ChannelId }
  /** The close offer is right: the shell signs the agreement and brings it back. */
  | {
      readonly kind: 'agreeToClose'
      readonly channel: ChannelId
      readonly clientPayout: Amount
      readonly validUntil: Timestamp
    }
