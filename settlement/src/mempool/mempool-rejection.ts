import type { Rejection } from '@tallystick/protocol'
import type { TransactionRejection } from '../core/transaction-rejection.js'

/**
 * Why this node does not take a transaction now that the ledger would: its own policy (MEM-*), and
 * the same transaction may be taken later.
 */
export type AdmissionRejection = Rejection<
  'mempool_full' | 'replacement_fee_too_low' | 'too_many_dependents'
>

/** Why this node let go of a transaction that it had taken. */
export type DismissalRejection = Rejection<'expired' | 'evicted' | 'replaced'>

/** Why a transaction does not wait. */
export type MempoolRejection = TransactionRejection | AdmissionRejection | DismissalRejection
