import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  byteString,
  type Codec,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  identifier,
  struct,
  union,
} from '../codec/codec.js'
import type { PublicKey } from '../crypto/ed25519.js'
import {
  AGREEMENT_BYTES,
  type Agree,
  agreementPoint,
  agreeWithKey,
} from '../crypto/shared-secret.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import type { ChainId } from '../ledger/identifiers.js'
import type { Brand } from '../primitives/brand.js'
import { concatBytes, fromHex, toHex } from '../primitives/bytes.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import {
  type AnswerContent,
  answerContentCodec,
  type LetterContent,
  letterContentCodec,
  type RequestId,
  requestIdCodec,
} from './letter-content.js'
import { padded, unpadded } from './padded.js'

/** A sealed letter, at most, bytes (MAIL-1). */
export const LETTER_BYTES_MAX = 8_192
/** How long a hub keeps a letter at most, seconds of ledger time: a payee may be away for a week (MAIL-3). */
export const LETTER_SECONDS_MAX = 7 * 86_400
/** The smallest sealed letter takes up to this many bytes; each larger size is twice the one before. */
const LETTER_BYTES_MIN = 512
/** Bytes that everything around what is sealed takes at the most: whole letters stay below a power of two. */
const ENVELOPE_BYTES = 64
const TAG_BYTES = 16
const KEY_BYTES = 32
const NONCE_BYTES = 24

/** 16 bytes in hex: what a letter in a mailbox is called (MAIL-2). */
export type LetterId = Brand<string, 'LetterId'>
export const letterIdCodec = identifier<LetterId>(16)

const sealedPart = byteString(LETTER_BYTES_MAX - ENVELOPE_BYTES)

/** A letter as everybody sees it (MAIL-1). */
export const sealedLetterCodec = union({
  /** For who has the secret of an identity key. */
  letter: [1, struct({ point: fixedBytes(AGREEMENT_BYTES), sealed: sealedPart })],
  /** For who has made the request that it answers. */
  answer: [
    2,
    struct({ request: requestIdCodec, nonce: fixedBytes(NONCE_BYTES), sealed: sealedPart }),
  ],
})
export type SealedLetter = Decoded<typeof sealedLetterCodec>

/** For whom a letter is, and on which ledger. */
export type LetterAddress = { readonly chainId: ChainId; readonly recipient: PublicKey }

/** The request that is answered, and the key that it came with. */
export type AnswerAddress = {
  readonly chainId: ChainId
  readonly request: RequestId
  readonly answerKey: Uint8Array
}

/** What a hub calls a letter in the mailbox of `recipient`: the same bytes are the same letter. */
export function letterIdOf(recipient: PublicKey, letter: Uint8Array): LetterId {
  return toHex(taggedHash(TAG.letterId, fromHex(recipient), letter).subarray(0, 16)) as LetterId
}

/** A letter from outside: its form alone; whether it is genuine, only its seal tells. */
export function parseSealedLetter(bytes: Uint8Array): SealedLetter | Rejection<'letter_damaged'> {
  const letter = decode(sealedLetterCodec, bytes)
  return isRejection(letter) ? reject('letter_damaged', letter.detail) : letter
}

/**
 * A letter that only `recipient` can read, and that does not say who wrote it (MAIL-1). `secret`: 32
 * fresh random bytes, never used for another. Refused: `recipient_invalid`, a key that is no point.
 */
export function sealLetter(
  address: LetterAddress,
  content: LetterContent,
  secret: Uint8Array,
): Uint8Array | Rejection<'recipient_invalid' | 'letter_too_large'> {
  const shared = agreeWithKey(secret, address.recipient)
  if (shared === undefined) {
    return reject('recipient_invalid', `${address.recipient} is no key of an identity`)
  }
  const point = agreementPoint(secret)
  const plain = paddedContent(letterContentCodec, content)
  if (isRejection(plain)) return plain
  const sealed = letterCipher(shared, address, point).encrypt(plain)
  return encode(sealedLetterCodec, { kind: 'letter', point, sealed })
}

/** Opens a letter to the identity that `agree` is of. Refused, whatever is wrong: `letter_damaged`. */
export function openLetter(
  address: LetterAddress,
  agree: Agree,
  { point, sealed }: Extract<SealedLetter, { kind: 'letter' }>,
): LetterContent | Rejection<'letter_damaged'> {
  const shared = agree(point)
  const plain = shared && unsealed(letterCipher(shared, address, point), sealed)
  return contentOf(letterContentCodec, plain)
}

/** Answers a request (MAIL-1). `nonce`: 24 fresh random bytes, never used for another. */
export function sealAnswer(
  address: AnswerAddress,
  content: AnswerContent,
  nonce: Uint8Array,
): Uint8Array | Rejection<'letter_too_large'> {
  const plain = paddedContent(answerContentCodec, content)
  if (isRejection(plain)) return plain
  const sealed = answerCipher(address, nonce).encrypt(plain)
  return encode(sealedLetterCodec, { kind: 'answer', request: address.request, nonce, sealed })
}

/** Opens what was answered to a request. Refused, whatever is wrong: `letter_damaged`. */
export function openAnswer(
  address: AnswerAddress,
  { nonce, sealed }: Extract<SealedLetter, { kind: 'answer' }>,
): AnswerContent | Rejection<'letter_damaged'> {
  return contentOf(answerContentCodec, unsealed(answerCipher(address, nonce), sealed))
}

type Cipher = ReturnType<typeof xchacha20poly1305>

/** Each letter has a key of its own, so that its nonce may follow from the same secret. */
function letterCipher(
  shared: Uint8Array,
  { chainId, recipient }: LetterAddress,
  point: Uint8Array,
): Cipher {
  const about = concatBytes(Uint8Array.of(TAG.letter), fromHex(chainId), fromHex(recipient), point)
  const derived = hkdf(sha256, shared, undefined, about, KEY_BYTES + NONCE_BYTES)
  const key = derived.subarray(0, KEY_BYTES)
  return xchacha20poly1305(key, derived.subarray(KEY_BYTES), about)
}

function answerCipher({ chainId, request, answerKey }: AnswerAddress, nonce: Uint8Array): Cipher {
  const about = concatBytes(Uint8Array.of(TAG.answer), fromHex(chainId), fromHex(request))
  return xchacha20poly1305(answerKey, nonce, about)
}

/** Bytes under the seal are 2^k - 64, its tag included: a size tells no more than its power of two. */
function paddedContent<T>(codec: Codec<T>, content: T): Uint8Array | Rejection<'letter_too_large'> {
  const encoded = encode(codec, content)
  for (let size = LETTER_BYTES_MIN; size <= LETTER_BYTES_MAX; size *= 2) {
    const plain = padded(encoded, size - ENVELOPE_BYTES - TAG_BYTES)
    if (plain !== undefined) return plain
  }
  return reject('letter_too_large', `${encoded.length} bytes do not fit into a letter`)
}

function isDueSize(length: number): boolean {
  const size = length + ENVELOPE_BYTES
  return size >= LETTER_BYTES_MIN && (size & (size - 1)) === 0
}

function unsealed(cipher: Cipher, sealed: Uint8Array): Uint8Array | undefined {
  if (!isDueSize(sealed.length)) return undefined
  try {
    return cipher.decrypt(sealed)
  } catch {
    // The cipher has no other way to say that the tag is not of these bytes.
    return undefined
  }
}

function contentOf<T>(
  codec: Codec<T>,
  plain: Uint8Array | undefined,
): T | Rejection<'letter_damaged'> {
  const encoded = plain && unpadded(plain)
  const content = encoded && decode(codec, encoded)
  if (content !== undefined && !isRejection(content)) return content as T
  return reject('letter_damaged', 'the seal does not hold, or says nothing that is known')
}
