import { dataOf, type StoredObject } from './object-row.js'
import {
  channelData,
  invoiceData,
  offerData,
  paymentData,
  payoutData,
  streamData,
} from './stored-data.js'

/** An object as the API and events show it. */
export function resourceOf(object: StoredObject): object {
  const { id, kind, account, status, created } = object
  return { id, object: kind, account, status, created, ...shownData(object) }
}

function shownData(object: StoredObject): object {
  switch (object.kind) {
    case 'invoice':
      return dataOf(invoiceData, object)
    case 'payment': {
      const { sale: _, ...shown } = dataOf(paymentData, object)
      return shown
    }
    case 'refund':
      return dataOf(paymentData, object)
    case 'payout':
      return dataOf(payoutData, object)
    case 'offer':
      return dataOf(offerData, object)
    case 'stream':
      return dataOf(streamData, object)
    case 'channel':
      return dataOf(channelData, object)
  }
}
