import {
  byteString,
  type Decoded,
  decode,
  encode,
  fixedBytes,
  integer,
  list,
  refine,
  skip,
  struct,
  timestampCodec,
} from '../codec/codec.js'
import { MalformedBytes, Reader } from '../codec/reader.js'
import type { Signer } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { fromHex, toHex } from '../primitives/bytes.js'
import { ascends, compareText } from '../primitives/order.js'
import { type Rejection, reject } from '../primitives/outcome.js'
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
import { lockWitnessCodec } from './lock.js'
import { operationCodec } from './operation.js'
import { outpointCodec } from './outpoint.js'

/** A link of a hash chain made public (REV-1): `sha256^index(link)` is the anchor it reveals. */
export const revealCodec = struct({ index: integer(ITEM_TICKS_MAX, 1), link: fixedBytes(32) })
export type Reveal = Decoded<typeof revealCodec>

const beforeOperations = {
  /** Ledger times between which the transaction may be included, both inclusive. */
  validFrom: timestampCodec,
  validUntil: timestampCodec,
  inputs: list(outpointCodec, INPUTS_MAX),
}
const fromOperations = {
  operations: list(operationCodec, OPERATIONS_MAX),
  outputs: list(outputCodec, OUTPUTS_MAX),
  reveals: list(revealCodec, REVEALS_MAX),
  memo: byteString(MEMO_BYTES_MAX),
}
const [beforeOperationsCodec, fromOperationsCodec] = [
  struct(beforeOperations),
  struct(fromOperations),
]

/** What a transaction does, and what its signers sign (TX-1). */
export const transactionBodyCodec = struct({ ...beforeOperations, ...fromOperations })
export type TransactionBody = Decoded<typeof transactionBodyCodec>

/** Bytes of one signer: its key and its signature. */
export const SIGNER_BYTES = 96
const signerCountCodec = integer(SIGNERS_MAX)
const signersCodec = refine(
  list(struct({ publicKey: publicKeyCodec, signature: fixedBytes(64) }), SIGNERS_MAX),
  (signers) => ascends(signers, (a, b) => compareText(a.publicKey, b.publicKey)),
  'the signers of a transaction ascend and differ',
)

const witnessesCodec = list(lockWitnessCodec, INPUTS_MAX)

/** A body with what authorises it: one witness per input, one signature per key whatever it opens. */
export const transactionCodec = refine(
  struct({ body: transactionBodyCodec, witnesses: witnessesCodec, signers: signersCodec }),
  ({ body, witnesses }) => body.inputs.length === witnesses.length,
  'a transaction has one witness per input',
)
export type Transaction = Decoded<typeof transactionCodec>

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

/** What signatures of a transaction are checked by. */
export type TransactionOutline = {
  readonly kind: 'outline'
  /** 32 bytes. */
  readonly digest: Uint8Array
  /** Key and signature of each signer, `SIGNER_BYTES` each, from this byte on. */
  readonly signersAt: number
  readonly signers: number
  readonly hasOperations: boolean
}

/**
 * Finds out in a sixth of the time what signatures are checked by, so that they can be while others
 * are executed. It is true of whatever `parseTransaction` takes: there is one encoding only (ENC-1),
 * so the body is hashed as it came. Of anything else it says nothing.
 */
export function outlineTransaction(
  chainId: ChainId,
  encoded: Uint8Array,
): TransactionOutline | Rejection<'malformed' | 'transaction_too_large'> {
  const tooLarge = checkSize(encoded)
  if (tooLarge !== undefined) return tooLarge
  try {
    const reader = new Reader(encoded)
    skip(beforeOperationsCodec, reader)
    // The count of operations is the next byte, or the first of several.
    const hasOperations = encoded[reader.offset] !== 0
    skip(fromOperationsCodec, reader)
    const digest = bodyDigest(chainId, encoded.subarray(0, reader.offset))
    skip(witnessesCodec, reader)
    const signers = signerCountCodec.read(reader)
    const signersAt = reader.offset
    reader.pass(SIGNER_BYTES * signers)
    reader.end()
    return { kind: 'outline', digest, signersAt, signers, hasOperations }
  } catch (error) {
    if (error instanceof MalformedBytes) return reject('malformed', error.message)
    throw error
  }
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
