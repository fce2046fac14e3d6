import { signedAppointmentCodec } from '../channel/appointment.js'
import { evidenceCodec } from '../channel/evidence.js'
import { laneStateCodec } from '../channel/lane-state.js'
import { signedResumeCodec } from '../channel/resume.js'
import { roleCodec } from '../channel/side.js'
import { channelTermsCodec } from '../channel/terms.js'
import {
  amountCodec,
  type Decoded,
  fixedBytes,
  flag,
  integer,
  list,
  optional,
  refine,
  struct,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { ascends } from '../primitives/order.js'
import { assetIdCodec, assetTermsCodec } from './asset.js'
import { channelNumberCodec } from './channel.js'
import { lockRootCodec, publicKeyCodec } from './identifiers.js'
import { CLOSES_MAX, COUNTER_MAX, WITHDRAWALS_MAX } from './limits.js'
import { parametersChangeCodec } from './parameters.js'

const openingSideCodec = struct({
  key: publicKeyCodec,
  deposit: amountCodec,
  payoutLock: lockRootCodec,
})

/** A payer's newest lane state with its signature: evidence against it. */
export const signedLaneCodec = struct({ lane: laneStateCodec, evidence: evidenceCodec })

/** One client's word inside a batch closure: a short number, a payout and 64 bytes. */
const closeCodec = struct({
  channel: channelNumberCodec,
  clientPayout: amountCodec,
  /** The client's signature under the `CloseAgreement` of these values. */
  signature: fixedBytes(64),
})

/** One client's word inside a batch of withdrawals; the hub's is its signature under the whole. */
const withdrawalCodec = struct({
  channel: channelNumberCodec,
  role: roleCodec,
  /** The side's new cumulative total: what it is above the old one is paid out. */
  withdrawn: amountCodec,
  /** The client's signature under the `Withdrawal` of these values. */
  signature: fixedBytes(64),
})

/** In whose place somebody challenges, and what vouches for the owner's lane in its stead. */
const challengeGuardCodec = struct({
  appointment: signedAppointmentCodec,
  /** The owner's signature under the balance proof of `own`. */
  ownEvidence: optional(evidenceCodec),
})

/** What a transaction may do to channels, and from byte 16 on to assets and parameters (OP-*). */
export const operationCodec = union({
  /** Creates a channel; whoever funds the inputs may fund either side. */
  open: [
    1,
    struct({
      asset: assetIdCodec,
      client: openingSideCodec,
      hub: openingSideCodec,
      terms: channelTermsCodec,
    }),
  ],
  /** Raises one side's deposit while the channel stays in use. */
  deposit: [2, struct({ channel: channelNumberCodec, role: roleCodec, amount: amountCodec })],
  /** Batch closure: pays every client at once and releases the hubs' shares to the outputs. */
  close: [
    3,
    struct({
      validUntil: timestampCodec,
      closes: refine(
        list(closeCodec, CLOSES_MAX, 1),
        (closes) => ascends(closes, (a, b) => a.channel - b.channel),
        'the channels of a batch closure ascend and differ',
      ),
    }),
  ],
  /** One side asserts the newest proofs that it holds and starts the dispute window. */
  forceClose: [
    4,
    struct({
      channel: channelNumberCodec,
      by: roleCodec,
      own: laneStateCodec,
      /** Of a client only: it may have signed later states of its lane than this (DSP-9). */
      unsure: flag,
      /** The resume that its own lane goes on from, if there was one (DSP-10). */
      resume: optional(signedResumeCodec),
      peer: optional(signedLaneCodec),
    }),
  ],
  /** The other side answers with a proof or a resume that the side that closed has signed. */
  challenge: [
    5,
    refine(
      struct({
        channel: channelNumberCodec,
        proof: optional(signedLaneCodec),
        own: optional(laneStateCodec),
        /** The resume of the challenger's lane by which the closing side gave up what it chose. */
        resume: optional(signedResumeCodec),
        /** Absent: the owner signs the transaction. Present: its guard does (DSP-11). */
        guard: optional(challengeGuardCodec),
      }),
      ({ own, guard }) =>
        (guard?.ownEvidence !== undefined) === (guard !== undefined && own !== undefined),
      'a guard shows an own lane with the evidence of its owner, and no evidence without one',
    ),
  ],
  /** Pays what is decided after the window; paid for in advance by the force close. */
  finalize: [6, struct({ channel: channelNumberCodec, part: integer(COUNTER_MAX) })],
  /** Takes the transaction's fee out of the acting side's share of a closing channel. */
  payFee: [7, struct({ channel: channelNumberCodec, role: roleCodec, amount: amountCodec })],
  /** Pays sides of channels that stay in use a part of their balance. */
  withdraw: [
    8,
    struct({
      validUntil: timestampCodec,
      withdrawals: refine(
        list(withdrawalCodec, WITHDRAWALS_MAX, 1),
        (withdrawals) => ascends(withdrawals, (a, b) => a.channel - b.channel),
        'the channels of a batch of withdrawals ascend and differ',
      ),
    }),
  ],
  /**
   * Makes an asset and releases its first supply to the transaction. It names the number that the
   * asset gets, so that outputs can, and so that it can happen only once.
   */
  issue: [16, struct({ asset: assetIdCodec, terms: assetTermsCodec, supply: amountCodec })],
  /** Releases more of an asset to the transaction, by its issuer. */
  reissue: [17, struct({ asset: assetIdCodec, amount: amountCodec })],
  /** Schedules new parameters in place of any that are scheduled; absent: withdraws those. */
  changeParameters: [18, struct({ change: optional(parametersChangeCodec) })],
})
export type Operation = Decoded<typeof operationCodec>
export type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>
