import { type Position, positionCodec } from '../channel/resync.js'
import { type Decoded, encode, fixedBytes, integer, struct } from '../codec/codec.js'
import { type PublicKey, type Signer, verifySignature } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { chainIdCodec, publicKeyCodec } from '../ledger/identifiers.js'

/** Version of the messages between client and hub. */
export const WIRE_VERSION = 3

/** What the hub opens a connection with. */
export const helloCodec = struct({
  version: integer(2 ** 16 - 1),
  chainId: chainIdCodec,
  hub: publicKeyCodec,
  /** Fresh for this connection. */
  nonce: fixedBytes(32),
})
export type Hello = Decoded<typeof helloCodec>

/** What the client answers: who it is, a nonce of its own, and its signature under both. */
export const authCodec = struct({
  client: publicKeyCodec,
  nonce: fixedBytes(32),
  signature: fixedBytes(64),
})
export type Auth = Decoded<typeof authCodec>

const transcriptCodec = struct({
  version: integer(2 ** 16 - 1),
  chainId: chainIdCodec,
  hub: publicKeyCodec,
  hubNonce: fixedBytes(32),
  client: publicKeyCodec,
  clientNonce: fixedBytes(32),
})

/** Everything both sides said before the session stands; each signs its own digest of it (WIRE-2). */
export type Transcript = Decoded<typeof transcriptCodec>

/** The transcript of a hello and its answer. */
export function transcriptOf(
  hello: Hello,
  { client, nonce }: Pick<Auth, 'client' | 'nonce'>,
): Transcript {
  const { version, chainId, hub } = hello
  return { version, chainId, hub, hubNonce: hello.nonce, client, clientNonce: nonce }
}

function sessionDigest(role: 'client' | 'hub', transcript: Transcript): Uint8Array {
  const speaker = Uint8Array.of(role === 'client' ? 0 : 1)
  return taggedHash(TAG.session, speaker, encode(transcriptCodec, transcript))
}

/** One side's signature under the transcript, 64 bytes: worthless on any other connection. */
export function signSession(
  role: 'client' | 'hub',
  transcript: Transcript,
  signer: Signer,
): Uint8Array {
  return signer.sign(sessionDigest(role, transcript))
}

/** Whether the other side, which is `role`, signed the transcript with the key it goes by. */
export function verifySession(
  role: 'client' | 'hub',
  transcript: Transcript,
  signature: Uint8Array,
): boolean {
  const key = role === 'client' ? transcript.client : transcript.hub
  return verifySignature(key, sessionDigest(role, transcript), signature)
}

function attachDigest(transcript: Transcript, position: Position): Uint8Array {
  return taggedHash(
    TAG.channelAttach,
    encode(transcriptCodec, transcript),
    encode(positionCodec, position),
  )
}

/** The channel key's word that this session speaks for the channel, 64 bytes (WIRE-3). */
export function signAttach(transcript: Transcript, position: Position, signer: Signer): Uint8Array {
  return signer.sign(attachDigest(transcript, position))
}

export function verifyAttach(
  transcript: Transcript,
  position: Position,
  channelKey: PublicKey,
  signature: Uint8Array,
): boolean {
  return verifySignature(channelKey, attachDigest(transcript, position), signature)
}
