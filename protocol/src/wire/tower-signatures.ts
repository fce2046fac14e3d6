import { type Entrusted, entrustedCodec } from '../channel/entrusted.js'
import type { Role } from '../channel/side.js'
import { type Decoded, encode, fixedBytes, integer, struct } from '../codec/codec.js'
import { type PublicKey, type Signer, verifySignature } from '../crypto/ed25519.js'
import { sha256, TAG, taggedHash } from '../crypto/tagged-hash.js'
import {
  type ChainId,
  type ChannelId,
  chainIdCodec,
  publicKeyCodec,
} from '../ledger/identifiers.js'
import { COUNTER_MAX } from '../ledger/limits.js'
import { equalBytes, fromHex } from '../primitives/bytes.js'
import type { Timestamp } from '../primitives/time.js'
import {
  type TowerAction,
  type TowerHello,
  type TowerReceipt,
  type TowerRequest,
  towerActionCodec,
  towerReceiptCodec,
} from './tower-message.js'

/** What a request is bound to besides its action: this connection, and its place on that. */
const requestPlaceCodec = struct({
  chainId: chainIdCodec,
  tower: publicKeyCodec,
  nonce: fixedBytes(32),
  number: integer(COUNTER_MAX),
})
export type TowerConnection = Pick<TowerHello, 'chainId' | 'tower' | 'nonce'>

/** The 32 bytes that the channel key signs for a request (TOWER-2). */
function towerRequestDigest(
  { chainId, tower, nonce }: TowerConnection,
  number: number,
  action: TowerAction,
): Uint8Array {
  const place: Decoded<typeof requestPlaceCodec> = { chainId, tower, nonce, number }
  return taggedHash(
    TAG.towerRequest,
    encode(requestPlaceCodec, place),
    encode(towerActionCodec, action),
  )
}

/** A request by the owner's channel key: worthless to another tower and on any other connection. */
export function signTowerRequest(
  connection: TowerConnection,
  number: number,
  action: TowerAction,
  signer: Signer,
): TowerRequest {
  return { number, action, signature: signer.sign(towerRequestDigest(connection, number, action)) }
}

/** Whether the channel key has asked for this, here and now. */
export function verifyTowerRequest(
  connection: TowerConnection,
  { number, action, signature }: TowerRequest,
  channelKey: PublicKey,
): boolean {
  return verifySignature(channelKey, towerRequestDigest(connection, number, action), signature)
}

/** Which channel and side a request is about. */
export function towerActionSubject(action: TowerAction): {
  readonly channel: ChannelId
  readonly owner: Role
} {
  const { channel, owner } = action.kind === 'entrust' ? action.entrusted : action
  return { channel, owner }
}

function receiptDigest(chainId: ChainId, receipt: TowerReceipt): Uint8Array {
  return taggedHash(TAG.towerReceipt, fromHex(chainId), encode(towerReceiptCodec, receipt))
}

/** SHA-256 of what is entrusted: what a receipt names it by. */
export function entrustedDigest(entrusted: Entrusted): Uint8Array {
  return sha256(encode(entrustedCodec, entrusted))
}

/** A tower's word that it keeps `entrusted` at ledger time `time`, and its signature, 64 bytes. */
export function signTowerReceipt(
  chainId: ChainId,
  entrusted: Entrusted,
  time: Timestamp,
  tower: Signer,
): { readonly receipt: TowerReceipt; readonly signature: Uint8Array } {
  const { channel, owner } = entrusted
  const digest = entrustedDigest(entrusted)
  const receipt = { tower: tower.publicKey, channel, owner, digest, time }
  return { receipt, signature: tower.sign(receiptDigest(chainId, receipt)) }
}

/** Whether `tower` has vouched for keeping exactly `entrusted`. */
export function verifyTowerReceipt(
  chainId: ChainId,
  tower: PublicKey,
  entrusted: Entrusted,
  { receipt, signature }: { readonly receipt: TowerReceipt; readonly signature: Uint8Array },
): boolean {
  return (
    receipt.tower === tower &&
    receipt.channel === entrusted.channel &&
    receipt.owner === entrusted.owner &&
    equalBytes(receipt.digest, entrustedDigest(entrusted)) &&
    verifySignature(tower, receiptDigest(chainId, receipt), signature)
  )
}
