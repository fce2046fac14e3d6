import { claimCodec, declineCodec, storedCodec } from '../channel/claim.js'
import { signedAgreementCodec } from '../channel/cooperative-close.js'
import { hubPolicyCodec } from '../channel/hub-policy.js'
import { laneUpdateCodec } from '../channel/lane-update.js'
import { resumeAnswerCodec } from '../channel/resume-lane.js'
import { attachCodec, positionCodec } from '../channel/resync.js'
import {
  amountCodec,
  type Decoded,
  encode,
  fixedBytes,
  integer,
  optional,
  struct,
  text,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { channelIdCodec, lockRootCodec, publicKeyCodec, txIdCodec } from '../ledger/identifiers.js'
import { authCodec, helloCodec } from './session.js'

/** The largest message, and the largest frame, bytes: an update of 256 changes with its batch path takes 40 kB. */
export const MESSAGE_BYTES_MAX = 65_536

/** Numbers a request on its session, so that the answer finds it. */
const requestCodec = integer(2 ** 32 - 1)

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
})
export type Message = Decoded<typeof messageCodec>
export type MessageOf<Kind extends Message['kind']> = Extract<Message, { kind: Kind }>

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  return encode(messageCodec, message)
}
