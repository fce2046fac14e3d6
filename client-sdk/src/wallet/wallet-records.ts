import {
  amountCodec,
  anchorCodec,
  type ChannelEnd,
  type ChannelParty,
  COUNTER_MAX,
  channelEndCodec,
  channelIdCodec,
  channelPartyCodec,
  type Decoded,
  decodeTrusted,
  descriptionCodec,
  encode,
  fixedBytes,
  flag,
  INVOICE_CHARACTERS_MAX,
  integer,
  itemIdCodec,
  list,
  oneOf,
  optional,
  publicKeyCodec,
  struct,
  text,
  timestampCodec,
  undrafted,
} from '@tallystick/protocol'

/** Items that one payment is made of, at the most (PAY-6). */
export const PARTS_MAX = 16

export const INVOICE_STATUSES = [
  'open',
  'held',
  'claiming',
  'paid',
  'expired',
  'cancelled',
] as const
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number]

export const PAYMENT_STATUSES = ['pending', 'cancelling', 'paid', 'failed', 'unknown'] as const
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number]

/**
 * `whole`: the record holds all that this wallet ever signed on the channel. `lost`: it may not,
 * because the store was lost, is an old copy, or another device has signed; nothing is signed from it
 * until the hub has said from where to go on (CH-18). `doubted`: the same by the hub's word alone,
 * which may be a lie: nothing is signed, and money that is claimed is not left to the hub (DSP-8).
 */
const booksCodec = oneOf('whole', 'lost', 'doubted')
export type Books = Decoded<typeof booksCodec>

export const walletChannelCodec = struct({
  party: channelPartyCodec,
  /** Index of the channel key under the wallet's words. */
  keyIndex: integer(2 ** 31 - 1),
  books: booksCodec,
  /** How the ledger settled it, and what it paid; absent: it has not, or it is not known here yet. */
  end: optional(channelEndCodec),
})

/** A channel of this wallet. */
export type WalletChannel = {
  readonly party: ChannelParty
  readonly keyIndex: number
  readonly books: Books
  readonly end: ChannelEnd | undefined
}

export function encodeWalletChannel({ party, ...rest }: WalletChannel): Uint8Array {
  const { draft: _, ...stored } = party
  return encode(walletChannelCodec, { party: stored, ...rest })
}

export function decodeWalletChannel(bytes: Uint8Array): WalletChannel {
  const { party, ...rest } = decodeTrusted(walletChannelCodec, bytes)
  return { party: undrafted(party), ...rest }
}

/** An item that is locked to an invoice. */
const invoicePartCodec = struct({
  channel: channelIdCodec,
  id: itemIdCodec,
  amount: amountCodec,
  expiry: timestampCodec,
  /** Whether the ledger enforces it without the hub. */
  isPaid: flag,
})
export type InvoicePart = Decoded<typeof invoicePartCodec>

/**
 * An invoice of this wallet. `held`: all that it asks for is locked to it, and waits for the owner's
 * word; `claiming`: the same, and its preimage was shown; `paid`: proofs that the ledger would enforce
 * by itself have arrived; `cancelled`: the owner took it back, or did not capture what was held in time.
 */
export const invoiceRecordCodec = struct({
  anchor: anchorCodec,
  /** Its place among all invoices of the wallet, from 1 on. */
  order: integer(COUNTER_MAX),
  preimage: fixedBytes(32),
  /** What it asks for; absent: as much as the payer likes. */
  amount: optional(amountCodec),
  /** What was locked to it when it was held or claimed, base units; 0 before. */
  received: amountCodec,
  expiry: timestampCodec,
  description: descriptionCodec,
  /** The signed string that was handed out; empty where nobody was asked. */
  text: text(INVOICE_CHARACTERS_MAX),
  /** How it came to be: the owner asked, an offer was taken up, or somebody paid without being asked. */
  origin: oneOf('asked', 'offer', 'spontaneous'),
  /** Whether what is locked to it waits for `capture`. */
  hold: flag,
  status: oneOf(...INVOICE_STATUSES),
  /** What is locked to it, or has paid it. */
  parts: list(invoicePartCodec, PARTS_MAX),
  /** Ledger time after which what is locked to it, and not claimed, is given back; absent: nothing is. */
  waitsUntil: optional(timestampCodec),
  /** Ledger time at which it was made, and of the last change. */
  created: timestampCodec,
  time: timestampCodec,
  /** Sum of the refunds that were linked to it, base units. */
  refunded: amountCodec,
  /** Refunds among them that are not final; while there are any, the invoice is not finished. */
  refundsPending: integer(2 ** 32 - 1),
})
export type InvoiceRecord = Decoded<typeof invoiceRecordCodec>

/** One of the items that a payment is made of, on a channel of its own. */
const paymentPartCodec = struct({
  id: itemIdCodec,
  channel: channelIdCodec,
  amount: amountCodec,
  fee: amountCodec,
  status: oneOf(...PAYMENT_STATUSES),
})
export type PaymentPart = Decoded<typeof paymentPartCodec>

/**
 * A payment that this wallet made. `pending`: locked; nobody knows yet how it ends. `cancelling`:
 * the hub asked for it back and has not yet given it up itself. `paid`: the preimage is the receipt.
 * `failed`: the money is back. `unknown`: its channel went on from a resume without it; how it ended,
 * a store that was lost, or another device, knows.
 */
export const paymentRecordCodec = struct({
  id: itemIdCodec,
  /** Its place among all payments of the wallet, from 1 on. */
  order: integer(COUNTER_MAX),
  payee: publicKeyCodec,
  anchor: anchorCodec,
  amount: amountCodec,
  /** What the hub asks for it, over all parts, base units. */
  fee: amountCodec,
  description: descriptionCodec,
  /** The invoice that it pays, in lower case. */
  text: text(INVOICE_CHARACTERS_MAX),
  status: oneOf(...PAYMENT_STATUSES),
  parts: list(paymentPartCodec, PARTS_MAX, 1),
  preimage: optional(fixedBytes(32)),
  /** Why it failed; empty otherwise. */
  code: text(64),
  /** Ledger time at which it was begun, and of the last change. */
  created: timestampCodec,
  time: timestampCodec,
  /** The received invoice that this payment refunds. */
  refundOf: optional(anchorCodec),
})
export type PaymentRecord = Decoded<typeof paymentRecordCodec>
