import { encode, type PublicKey, utf8 } from '@tallystick/protocol'
import { letterPaymentCodec } from '../letters/letter-payment.js'
import { offerRecordCodec } from '../letters/own-offer.js'
import { payoutRecordCodec } from '../payout/payout-record.js'
import type { StoreWrite } from '../store/wallet-store.js'
import { streamKey, streamRecordCodec } from '../stream/stream-records.js'
import { knownHubRecord } from '../wallet/known-hub.js'
import { invoiceOrder, paymentOrder, payoutOrder } from '../wallet/record-order.js'
import { SHARED_WORDS } from '../wallet/shared-words.js'
import {
  encodeWalletChannel,
  invoiceRecordCodec,
  paymentRecordCodec,
} from '../wallet/wallet-records.js'
import type { OpenedBackup } from './backup-content.js'
import { finishedRecordsCodec, newestFinished } from './finished-records.js'

/**
 * A new store as a backup leaves it (BAK-4), in one commit. No channel may be signed on from here,
 * because the backup cannot know what was signed after it.
 */
export function restoredRecords(identity: PublicKey, backup: OpenedBackup): StoreWrite[] {
  return [
    { kind: 'meta', key: 'identity', value: utf8(identity) },
    { kind: 'meta', key: 'backupVersion', value: utf8(String(backup.version)) },
    { kind: 'meta', key: 'backupConfirmed', value: utf8(String(backup.confirmed)) },
    {
      kind: 'meta',
      key: 'backupFinished',
      value: encode(finishedRecordsCodec, newestFinished(backup)),
    },
    ...(backup.isShared ? [SHARED_WORDS] : []),
    ...(backup.hub === undefined ? [] : [knownHubRecord(backup.hub)]),
    // The search of the ledger goes beyond them, and is over once `nextKeyIndex` is there (KEY-2).
    { kind: 'meta', key: 'usedKeyIndexes', value: utf8(String(backup.nextKeyIndex)) },
    ...backup.channels.map((held): StoreWrite => {
      const { id: key } = held.party.ledger
      return { kind: 'channel', key, value: encodeWalletChannel({ ...held, books: 'lost' }) }
    }),
    ...(['invoices', 'doneInvoices'] as const).flatMap((name) =>
      backup[name].flatMap((invoice): StoreWrite[] => {
        const kind = name === 'invoices' ? 'invoice' : 'doneInvoice'
        const value = encode(invoiceRecordCodec, invoice)
        return [{ kind, key: invoice.anchor, value }, ...invoiceOrder(invoice, undefined)]
      }),
    ),
    ...(['payments', 'donePayments'] as const).flatMap((name) =>
      backup[name].flatMap((payment): StoreWrite[] => {
        const kind = name === 'payments' ? 'payment' : 'donePayment'
        const value = encode(paymentRecordCodec, payment)
        return [{ kind, key: payment.id, value }, ...paymentOrder(payment, undefined)]
      }),
    ),
    ...(['payouts', 'donePayouts'] as const).flatMap((name) =>
      backup[name].flatMap((payout): StoreWrite[] => {
        const kind = name === 'payouts' ? 'payout' : 'donePayout'
        const value = encode(payoutRecordCodec, payout)
        return [{ kind, key: payout.id, value }, ...payoutOrder(payout, undefined)]
      }),
    ),
    ...backup.offers.map((offer): StoreWrite => {
      return { kind: 'offer', key: offer.id, value: encode(offerRecordCodec, offer) }
    }),
    ...backup.letterPayments.map((payment): StoreWrite => {
      const value = encode(letterPaymentCodec, payment)
      return { kind: 'letterPayment', key: payment.id, value }
    }),
    ...backup.streams.map((stream): StoreWrite => {
      // Ticks may have been given away since: none is, from here on (STREAM-4).
      const kept = stream.kind === 'paid' ? ({ ...stream, status: 'closing' } as const) : stream
      return { kind: 'stream', key: streamKey(kept), value: encode(streamRecordCodec, kept) }
    }),
  ]
}
