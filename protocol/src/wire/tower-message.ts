import { entrustedCodec } from '../channel/entrusted.js'
import { roleCodec } from '../channel/side.js'
import {
  type Decoded,
  decode,
  encode,
  fixedBytes,
  flag,
  integer,
  struct,
  text,
  timestampCodec,
  union,
} from '../codec/codec.js'
import { assetIdCodec } from '../ledger/asset.js'
import {
  chainIdCodec,
  channelIdCodec,
  lockRootCodec,
  publicKeyCodec,
} from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { type Rejection, reject } from '../primitives/outcome.js'

/** Version of the messages between an owner and its watchtower. */
export const TOWER_VERSION = 1

/** A message has at most so many bytes: the largest `Entrusted` has 10,162 (TOWER-6). */
export const TOWER_MESSAGE_BYTES_MAX = 12_288

/** For what a tower guards; what an appointment has to say is TOWER-5. */
export const towerPolicyCodec = struct({
  /** Fees and bounties are in this asset, and so are the channels that are guarded. */
  asset: assetIdCodec,
  /** The least share of a penalty that is taken for guarding, parts per million. */
  bountyPpmMin: integer(1_000_000),
  /** Where bounties are paid. */
  payoutLock: lockRootCodec,
  /** An appointment reaches at most so many seconds of ledger time ahead. */
  appointmentSecondsMax: integer(2 ** 32 - 1, 1),
})
export type TowerPolicy = Decoded<typeof towerPolicyCodec>

/** What a tower opens a connection with (TOWER-1). */
export const towerHelloCodec = struct({
  version: integer(2 ** 16 - 1),
  chainId: chainIdCodec,
  /** Signs its challenges and its receipts: the `guardKey` of appointments. */
  tower: publicKeyCodec,
  /** Fresh for this connection. */
  nonce: fixedBytes(32),
  policy: towerPolicyCodec,
})
export type TowerHello = Decoded<typeof towerHelloCodec>

/** Whose appointment is meant: one side of one channel. */
const appointmentNameCodec = struct({ channel: channelIdCodec, owner: roleCodec })

/** What an owner asks of its tower. */
export const towerActionCodec = union({
  /** Keep this in place of all before it. */
  entrust: [0, struct({ entrusted: entrustedCodec })],
  /** Give back what is kept. */
  fetch: [1, appointmentNameCodec],
  /** Keep nothing any more. */
  end: [2, appointmentNameCodec],
})
export type TowerAction = Decoded<typeof towerActionCodec>

/** An action under the channel key's signature; `number` rises on a connection (TOWER-2). */
export const towerRequestCodec = struct({
  number: integer(COUNTER_MAX),
  action: towerActionCodec,
  signature: fixedBytes(64),
})
export type TowerRequest = Decoded<typeof towerRequestCodec>

/** What a tower vouches for once it is durable: it guards by exactly these bytes (TOWER-2). */
export const towerReceiptCodec = struct({
  tower: publicKeyCodec,
  channel: channelIdCodec,
  owner: roleCodec,
  /** SHA-256 of the bytes of the `Entrusted`. */
  digest: fixedBytes(32),
  /** Ledger time at the tower. */
  time: timestampCodec,
})
export type TowerReceipt = Decoded<typeof towerReceiptCodec>

const numberCodec = integer(COUNTER_MAX)

/** All that an owner and a tower say to each other, by case byte (TOWER-1). */
export const towerMessageCodec = union({
  hello: [0, towerHelloCodec],
  request: [1, towerRequestCodec],
  /** What was entrusted is durable; signed by the tower. */
  kept: [2, struct({ number: numberCodec, receipt: towerReceiptCodec, signature: fixedBytes(64) })],
  found: [3, struct({ number: numberCodec, entrusted: entrustedCodec })],
  ended: [4, struct({ number: numberCodec })],
  /** The request changed nothing; `retryable`: it may succeed later as it is. */
  refused: [5, struct({ number: numberCodec, code: text(64), detail: text(512), retryable: flag })],
})
export type TowerMessage = Decoded<typeof towerMessageCodec>
export type TowerMessageOf<Kind extends TowerMessage['kind']> = Extract<
  TowerMessage,
  { kind: Kind }
>

/** The bytes of a message. */
export function encodeTowerMessage(message: TowerMessage): Uint8Array {
  return encode(towerMessageCodec, message)
}

/** A message from outside: its size is checked before its content. */
export function parseTowerMessage(
  bytes: Uint8Array,
): TowerMessage | Rejection<'malformed' | 'message_too_large'> {
  return bytes.length > TOWER_MESSAGE_BYTES_MAX
    ? reject('message_too_large', `a message has at most ${TOWER_MESSAGE_BYTES_MAX} bytes`)
    : decode(towerMessageCodec, bytes)
}
