import {
  COUNTER_MAX,
  type Decoded,
  flag,
  integer,
  list,
  optional,
  PATH_INDEX_MAX,
  struct,
  timestampCodec,
} from '@tallystick/protocol'
import { letterPaymentCodec } from '../letters/letter-payment.js'
import { offerRecordCodec } from '../letters/own-offer.js'
import { payoutRecordCodec } from '../payout/payout-record.js'
import { streamRecordCodec } from '../stream/stream-records.js'
import { hubPlaceCodec } from '../wallet/known-hub.js'
import {
  invoiceRecordCodec,
  paymentRecordCodec,
  type WalletChannel,
  walletChannelCodec,
} from '../wallet/wallet-records.js'

/** Records of one kind in a backup; its size (BAK-2) runs out long before. */
const RECORDS_MAX = 2 ** 20

/** What a backup of format 3 holds. */
const BEFORE_PAYOUTS = {
  /** The ledger's height and time when it was made. */
  height: integer(COUNTER_MAX),
  time: timestampCodec,
  /** The newest backup that the hub had confirmed to hold by then; 0: none (BAK-7). */
  confirmed: integer(COUNTER_MAX),
  /** Channel keys below this index were given away. */
  nextKeyIndex: integer(PATH_INDEX_MAX),
  /** The hub that the wallet kept to, and its session address. */
  hub: optional(hubPlaceCodec),
  /** Whether other devices use the same words (CH-19). */
  isShared: flag,
  channels: list(walletChannelCodec, RECORDS_MAX),
  /** What is not finished, and of what is as much as was asked for, the newest. */
  invoices: list(invoiceRecordCodec, RECORDS_MAX),
  payments: list(paymentRecordCodec, RECORDS_MAX),
  doneInvoices: list(invoiceRecordCodec, RECORDS_MAX),
  donePayments: list(paymentRecordCodec, RECORDS_MAX),
  offers: list(offerRecordCodec, RECORDS_MAX),
  /** Payments that began with a letter and have not ended. */
  letterPayments: list(letterPaymentCodec, RECORDS_MAX),
  /** Streams that are not over. */
  streams: list(streamRecordCodec, RECORDS_MAX),
}

/** The content of a backup of format 3, which is read as one without payouts. */
export const contentBeforePayoutsCodec = struct(BEFORE_PAYOUTS)

/** All of a wallet's store that nothing else brings back (BAK-1). */
export const backupContentCodec = struct({
  ...BEFORE_PAYOUTS,
  /** Payouts that have not ended, and of the others as many as was asked for, the newest. */
  payouts: list(payoutRecordCodec, RECORDS_MAX),
  donePayouts: list(payoutRecordCodec, RECORDS_MAX),
})

/** What a backup holds of a wallet. */
export type BackupContent = Omit<Decoded<typeof backupContentCodec>, 'channels'> & {
  readonly channels: readonly WalletChannel[]
}

/** What of it is finished. */
export type BackupHistory = Pick<BackupContent, 'doneInvoices' | 'donePayments' | 'donePayouts'>

/** A backup that was opened: what it holds, and which of the wallet's backups it is. */
export type OpenedBackup = BackupContent & { readonly version: number }
