import {
  byteString,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  integer,
  list,
  refine,
  spanned,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import type { Signer } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { fromHex, toHex } from '../primitives/bytes.js'
import { ascends, compareText } from '../primitives/order.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import { outputCodec } from './coin.js'
import { type ChainId, publicKeyCodec, type TxId } from './identifiers.js'
import {
  INPUTS_MAX,
  ITEM_TICKS_MAX,
  MEMO_BYTES_MAX,
  OPERATIONS_MAX,
  OUTPUTS_MAX,
  REVEALS_MAX,
  SIGNERS_MAX,
  TRANSACTION_BYTES_MAX,
} from './limits.js'
import { type LockWitness, lockWitnessCodec } from './lock.js'
import { operationCodec } from './operation.js'
import { outpointCodec } from './outpoint.js'

/** A link of a hash chain made public (REV-1): `sha256^index(link)` is the anchor it reveals. */
export const revealCodec = struct({ index: integer(ITEM_TICKS_MAX, 1), link: fixedBytes(32) })
export type Reveal = Decoded<typeof revealCodec>

/** What a transaction does, and what its signers sign (TX-1). */
export const transactionBodyCodec = struct({
  /** Ledger times between which the transaction may be included, both inclusive. */
  validFrom: timestampCodec,
  validUntil: timestampCodec,
  inputs: list(outpointCodec, INPUTS_MAX),
  operations: list(operationCodec, OPERATIONS_MAX),
  outputs: list(outputCodec, OUTPUTS_MAX),
  reveals: list(revealCodec, REVEALS_MAX),
  memo: byteString(MEMO_BYTES_MAX),
})
export type TransactionBody = Decoded<typeof transactionBodyCodec>

const signersCodec = refine(
  list(struct({ publicKey: publicKeyCodec, signature: fixedBytes(64) }), SIGNERS_MAX),
  (signers) => ascends(signers, (a, b) => compareText(a.publicKey, b.publicKey)),
  'the signers of a transaction ascend and differ',
)

const WITNESSED_RULE = 'a transaction has one witness per input'

function isWitnessed({ inputs }: TransactionBody, witnesses: readonly LockWitness[]): boolean {
  return inputs.length === witnesses.length
}

const authorisation = {
  witnesses: list(lockWitnessCodec, INPUTS_MAX),
  signers: signersCodec,
}

/** A body with what authorises it: one witness per input, one signature per key whatever it opens. */
export const transactionCodec = refine(
  struct({ body: transactionBodyCodec, ...authorisation }),
  ({ body, witnesses }) => isWitnessed(body, witnesses),
  WITNESSED_RULE,
)
export type Transaction = Decoded<typeof transactionCodec>

/** The same, read together with the bytes of the body, which the signatures are over. */
const receivedCodec = refine(
  struct({ body: spanned(transactionBodyCodec), ...authorisation }),
  ({ body, witnesses }) => isWitnessed(body.value, witnesses),
  WITNESSED_RULE,
)

/** The transaction's name and what each signer signs, 32 bytes: witnesses cannot change it. */
export function transactionDigest(chainId: ChainId, body: TransactionBody): Uint8Array {
  return bodyDigest(chainId, encode(transactionBodyCodec, body))
}

function bodyDigest(chainId: ChainId, encodedBody: Uint8Array): Uint8Array {
  return taggedHash(TAG.transaction, fromHex(chainId), encodedBody)
}

export function transactionId(chainId: ChainId, body: TransactionBody): TxId {
  return toHex(transactionDigest(chainId, body)) as TxId
}

/** The leaf of a transaction under a header's transaction root: binds witnesses too, 32 bytes. */
export function witnessedTransactionHash(encoded: Uint8Array): Uint8Array {
  return taggedHash(TAG.witnessedTransaction, encoded)
}

/** A transaction from outside: its size is checked before its content. */
export function parseTransaction(
  encoded: Uint8Array,
): Transaction | Rejection<'malformed' | 'transaction_too_large'> {
  return checkSize(encoded) ?? decode(transactionCodec, encoded)
}

/**
 * The same, with the transaction's digest. Its encoding is the only one there is (ENC-1), so the
 * body's bytes are hashed as they came: encoding it again would take a quarter longer in all.
 */
export function parseTransactionFor(
  chainId: ChainId,
  encoded: Uint8Array,
):
  | { readonly kind: 'received'; readonly transaction: Transaction; readonly digest: Uint8Array }
  | Rejection<'malformed' | 'transaction_too_large'> {
  const received = checkSize(encoded) ?? decode(receivedCodec, encoded)
  if (isRejection(received)) return received
  const { body, witnesses, signers } = received
  const transaction = { body: body.value, witnesses, signers }
  return { kind: 'received', transaction, digest: bodyDigest(chainId, body.bytes) }
}

function checkSize(encoded: Uint8Array): Rejection<'transaction_too_large'> | undefined {
  if (encoded.length <= TRANSACTION_BYTES_MAX) return undefined
  return reject(
    'transaction_too_large',
    `a transaction has at most ${TRANSACTION_BYTES_MAX} bytes, not ${encoded.length}`,
  )
}

/** `body` signed by each of `signers`, whose keys differ. */
export function signTransaction(
  chainId: ChainId,
  body: TransactionBody,
  witnesses: Transaction['witnesses'],
  signers: readonly Signer[],
): Transaction {
  const digest = transactionDigest(chainId, body)
  return {
    body,
    witnesses,
    signers: [...signers]
      .sort((a, b) => compareText(a.publicKey, b.publicKey))
      .map((signer) => ({ publicKey: signer.publicKey, signature: signer.sign(digest) })),
  }
}
