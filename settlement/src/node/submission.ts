import type { TxId } from '@tallystick/protocol'
import type { TransactionRejection } from '../core/transaction-rejection.js'
import type { AdmissionRejection, MempoolRejection } from '../mempool/mempool-rejection.js'
import type { NodeBusy } from './reveal-hashing.js'

/** Where a transaction stands that was handed in. */
export type TransactionStatus =
  | { readonly kind: 'pending' }
  | {
      readonly kind: 'included'
      readonly height: number
      readonly position: number
      readonly encoded: Uint8Array
    }
  | { readonly kind: 'rejected'; readonly rejection: MempoolRejection }
  | { readonly kind: 'unknown' }

/** What became of a transaction that was just handed in. */
export type Submitted =
  | { readonly kind: 'pending'; readonly id: TxId }
  | { readonly kind: 'included'; readonly id: TxId; readonly height: number }
  | {
      readonly kind: 'refused'
      readonly rejection: TransactionRejection | AdmissionRejection | NodeBusy
      /** What it took to find out, milliseconds: nobody has paid for it. */
      readonly workMs: number
    }

/** Refused for `rejection`, found out in `workMs` milliseconds. */
export function refusal(
  rejection: Extract<Submitted, { kind: 'refused' }>['rejection'],
  workMs: number,
): Submitted {
  return { kind: 'refused', rejection, workMs }
}
