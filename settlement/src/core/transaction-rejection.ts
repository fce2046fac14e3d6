import type { DisputeRejection, LockRejection, Rejection } from '@tallystick/protocol'

/** Why the ledger refuses a transaction; docs/protocol.md lists the codes in checking order. */
export type TransactionRejection =
  | Rejection<
      | 'malformed'
      | 'transaction_too_large'
      | 'transaction_empty'
      | 'transaction_repeatable'
      | 'not_yet_valid'
      | 'no_longer_valid'
      | 'transaction_too_costly'
      | 'coin_missing'
      | 'amount_out_of_range'
      | 'asset_unknown'
      | 'terms_out_of_bounds'
      | 'keys_not_distinct'
      | 'channel_missing'
      | 'agreement_expired'
      | 'bad_agreement_signature'
      | 'withdrawal_not_newer'
      | 'payout_above_total'
      | 'fee_above_reserve'
      | 'fee_above_payout'
      | 'already_revealed'
      | 'inputs_below_outputs'
      | 'fee_spent_otherwise'
      | 'fee_too_low'
      | 'asset_not_balanced'
      | 'signer_unused'
      | 'bad_signature'
    >
  | LockRejection
  | DisputeRejection
