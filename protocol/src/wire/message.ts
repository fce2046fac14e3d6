import { signedWithdrawalCodec } from '../channel/agree-withdrawal.js'
import { claimCodec, declineCodec, storedCodec } from '../channel/claim.js'
import { signedAgreementCodec } from '../channel/cooperative-close.js'
import { hubPolicyCodec } from '../channel/hub-policy.js'
import { type LaneUpdate, laneUpdateCodec } from '../channel/lane-update.js'
import { resumeAnswerCodec } from '../channel/resume-lane.js'
import { attachCodec, positionCodec } from '../channel/resync.js'
import {
  amountCodec,
  byteString,
  type Decoded,
  fixedBytes,
  integer,
  list,
  optional,
  struct,
  text,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { channelIdCodec, lockRootCodec, publicKeyCodec, txIdCodec } from '../ledger/identifiers.js'
import { LETTER_BYTES_MAX, letterIdCodec } from '../mail/letter.js'
import { authCodec, helloCodec } from './session.js'

/** The largest message, and the largest frame, bytes: an update of 256 changes with its batch path takes 40 kB. */
export const MESSAGE_BYTES_MAX = 65_536

/** Numbers a request on its session, so that the answer finds it. */
const requestCodec = integer(2 ** 32 - 1)

/** Letters that one message may take. */
export const LETTERS_TAKEN_MAX = 64

/** How a hub finds the sender of a letter; only the hub itself can read it (MAIL-3). */
export const RETURN_ADDRESS_BYTES = 68
const returnAddressCodec = fixedBytes(RETURN_ADDRESS_BYTES)

/** Everything that client and hub say to each other (WIRE-4), one or more in a WebSocket frame (WIRE-7). */
export const messageCodec = union({
  hello: [1, helloCodec],
  auth: [2, authCodec],
  /** The hub proves itself and tells its offer. */
  welcome: [3, struct({ signature: fixedBytes(64), policy: hubPolicyCodec })],
  attach: [4, attachCodec],
  attached: [5, struct({ position: positionCodec })],
  update: [6, laneUpdateCodec],
  stored: [7, storedCodec],
  claim: [8, claimCodec],
  decline: [9, declineCodec],
  /** The client wants to close by agreement; the hub stops paying on the channel. */
  closeIntent: [10, struct({ channel: channelIdCodec })],
  /** Nothing is pending any more: what the hub will sign. */
  closeOffer: [
    11,
    struct({ channel: channelIdCodec, clientPayout: amountCodec, validUntil: timestampCodec }),
  ],
  closeAgreed: [12, signedAgreementCodec],
  /** Asks the hub to open a channel, funded by the hub alone. */
  openRequest: [
    13,
    struct({
      request: requestCodec,
      key: publicKeyCodec,
      payoutLock: lockRootCodec,
      inbound: amountCodec,
    }),
  ],
  /** Asks the hub to raise its deposit, so that the client can be paid `amount` more. */
  inboundRequest: [
    14,
    struct({ request: requestCodec, channel: channelIdCodec, amount: amountCodec }),
  ],
  /** The ledger transaction that will do what was asked for. */
  granted: [15, struct({ request: requestCodec, txId: txIdCodec })],
  refused: [16, struct({ request: requestCodec, code: text(64), detail: text(512) })],
  /** What was wrong with something said on this session; about one channel or about all. */
  error: [17, struct({ code: text(64), detail: text(512), channel: optional(channelIdCodec) })],
  /** Answers a position that asks for a resume (CH-18). */
  resumeAnswer: [18, struct({ channel: channelIdCodec, answer: resumeAnswerCodec })],
  /** Asks the hub to keep a letter for another client until `expiry`, ledger time (MAIL-2). */
  putLetter: [
    19,
    struct({
      request: requestCodec,
      to: union({
        identity: [0, struct({ key: publicKeyCodec })],
        /** Who wrote the letter that this answers. */
        sender: [1, struct({ returnAddress: returnAddressCodec })],
      }),
      expiry: timestampCodec,
      letter: byteString(LETTER_BYTES_MAX),
    }),
  ],
  /** A letter for this client; said again at every connection until it is taken. */
  letter: [
    20,
    struct({
      id: letterIdCodec,
      returnAddress: returnAddressCodec,
      letter: byteString(LETTER_BYTES_MAX),
    }),
  ],
  /** What the client makes of these letters is on its disk: the hub forgets them. */
  lettersTaken: [21, struct({ ids: list(letterIdCodec, LETTERS_TAKEN_MAX, 1) })],
  /** The letter of the request is on the hub's disk. */
  letterKept: [22, struct({ request: requestCodec })],
  /** The client takes money out of a channel that stays in use (CH-17, HUB-15). */
  withdrawAgreed: [23, signedWithdrawalCodec],
})
export type Message = Decoded<typeof messageCodec>
export type MessageOf<Kind extends Message['kind']> = Extract<Message, { kind: Kind }>

/** Says an update: its fields one by one, because to spread them takes ten times as long. */
export function updateMessage(update: LaneUpdate): MessageOf<'update'> {
  const { channel, epoch, version, acked, changes, evidence } = update
  return { kind: 'update', channel, epoch, version, acked, changes, evidence }
}
