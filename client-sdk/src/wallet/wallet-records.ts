import {
  amountCodec,
  anchorCodec,
  type ChannelEnd,
  type ChannelParty,
  channelEndCodec,
  channelIdCodec,
  channelPartyCodec,
  type Decoded,
  decodeTrusted,
  encode,
  fixedBytes,
  integer,
  itemIdCodec,
  oneOf,
  optional,
  publicKeyCodec,
  struct,
  text,
  timestampCodec,
} from '@tallystick/protocol'

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
  return { party: { ...party, draft: undefined }, ...rest }
}

/**
 * An invoice of this wallet. `claiming`: a payment is locked to it and its preimage was shown;
 * `paid`: a proof that the ledger would enforce by itself has arrived.
 */
export const invoiceRecordCodec = struct({
  anchor: anchorCodec,
  preimage: fixedBytes(32),
  amount: amountCodec,
  expiry: timestampCodec,
  description: text(1_024),
  /** The signed string that was handed out. */
  text: text(4_096),
  status: oneOf('open', 'claiming', 'paid', 'expired'),
  /** Ledger time of the last change. */
  time: timestampCodec,
  /** Sum of the refunds that were linked to it, base units. */
  refunded: amountCodec,
  /** Refunds among them that are not final; while there are any, the invoice is not finished. */
  refundsPending: integer(2 ** 32 - 1),
})
export type InvoiceRecord = Decoded<typeof invoiceRecordCodec>

/**
 * A payment that this wallet made. `pending`: locked; nobody knows yet how it ends. `cancelling`:
 * the hub asked for it back and has not yet given it up itself. `paid`: the preimage is the receipt.
 * `unresolved`: its channel went on from a resume without it; how it ended, a store that was lost,
 * or another device, knows.
 */
export const paymentRecordCodec = struct({
  id: itemIdCodec,
  channel: channelIdCodec,
  payee: publicKeyCodec,
  anchor: anchorCodec,
  amount: amountCodec,
  fee: amountCodec,
  description: text(1_024),
  status: oneOf('pending', 'cancelling', 'paid', 'failed', 'unresolved'),
  preimage: optional(fixedBytes(32)),
  /** Why it failed; empty otherwise. */
  code: text(64),
  time: timestampCodec,
  /** The received invoice that this payment refunds. */
  refundOf: optional(anchorCodec),
})
export type PaymentRecord = Decoded<typeof paymentRecordCodec>
