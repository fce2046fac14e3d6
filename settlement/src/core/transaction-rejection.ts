import {
  type DisputeRejection,
  type LockRejection,
  type Rejection,
  reject,
} from '@tallystick/protocol'

/** Why the ledger refuses a transaction; docs/protocol.md lists the codes in checking order. */
export type TransactionRejection =
  | Rejection<
      | 'malformed'
      | 'transaction_too_large'
      | 'not_in_force'
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
      | 'wrong_asset_number'
      | 'supply_fixed'
      | 'wrong_revision'
      | 'activation_too_near'
      | 'version_falls'
      | 'nothing_scheduled'
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

/** A block is refused for the transaction at a position. */
export function refusedAt(
  position: number,
  { code, detail }: TransactionRejection,
): Rejection<'block_transaction_refused'> {
  return reject('block_transaction_refused', `transaction ${position}: ${code}: ${detail}`)
}
