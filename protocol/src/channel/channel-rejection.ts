import type { Rejection } from '../primitives/outcome.js'
import type { ChangeRejection } from './change.js'

/** Why a side refuses what the other sent, or cannot send what it wants (CH-6), in this order. */
export type ChannelRejection =
  | Rejection<
      | 'channel_not_usable'
      | 'wrong_epoch'
      | 'version_gap'
      | 'acked_falls'
      | 'acked_unknown'
      | 'too_many_items'
      | 'amount_too_small'
      | 'expiry_out_of_bounds'
      | 'not_asked_to_cancel'
      | 'not_expired'
      | 'insolvent'
      | 'bad_proof_signature'
      | 'too_many_unconfirmed'
      | 'claim_too_late'
      | 'peer_is_ahead'
      | 'payout_mismatch'
      | 'items_pending'
      | 'agreement_expiry_out_of_bounds'
      | 'bad_agreement_signature'
      | 'withdrawal_pending'
      | 'withdrawal_not_newer'
    >
  | ChangeRejection
