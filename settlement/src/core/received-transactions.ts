import {
  BLOCK_TRANSACTIONS_MAX,
  type ChainId,
  invariant,
  isRejection,
  outlineTransaction,
  parseTransaction,
  type Rejection,
  reject,
  SIGNER_BYTES,
  type Transaction,
  type TxId,
  toHex,
} from '@tallystick/protocol'
import type { Candidate } from './fill-block.js'
import { TransactionChecks } from './transaction-checks.js'
import { refusedAt } from './transaction-rejection.js'

/** Why transactions are none of any block, whatever the state. */
export type ReceivedRejection = Rejection<'block_too_large' | 'block_transaction_refused'>

/**
 * Transactions of a block as it came. They are read one by one when they are executed, and are
 * garbage right after: read all at once, ahead of the block before, they outlived two collections,
 * which cost more than all of the reading. Until then there is what their signatures are checked by.
 */
export class ReceivedTransactions {
  readonly chainId: ChainId
  readonly encoded: readonly Uint8Array[]
  /** 32 bytes each. */
  readonly #digests: Uint8Array
  /** Where in its bytes the signers of each begin, and which of all signers its first is. */
  readonly #signersAt: Uint32Array
  readonly #firstSigners: Uint32Array
  /** Those with operations, by position: the state tells whose other signatures they hold. */
  readonly #operating = new Map<number, Candidate>()
  /** 1 for each signer whose signature was found valid. */
  #verdicts = new Uint8Array()

  private constructor(chainId: ChainId, encoded: readonly Uint8Array[]) {
    this.chainId = chainId
    this.encoded = encoded
    this.#digests = new Uint8Array(32 * encoded.length)
    this.#signersAt = new Uint32Array(encoded.length)
    this.#firstSigners = new Uint32Array(encoded.length + 1)
  }

  /** Refuses what can be seen to be malformed without being read. */
  static of(
    chainId: ChainId,
    encoded: readonly Uint8Array[],
  ): ReceivedTransactions | ReceivedRejection {
    if (encoded.length > BLOCK_TRANSACTIONS_MAX) {
      return reject('block_too_large', `a block has at most ${BLOCK_TRANSACTIONS_MAX} transactions`)
    }
    const received = new ReceivedTransactions(chainId, encoded)
    for (const position of encoded.keys()) {
      const refusal = received.#outline(position)
      if (refusal !== undefined) return refusedAt(position, refusal)
    }
    return received
  }

  /** Signatures by signers, all together. */
  get signers(): number {
    return this.#firstSigners[this.encoded.length] ?? 0
  }

  /** Those with operations, in order. */
  operating(): Iterable<Candidate> {
    return this.#operating.values()
  }

  /** Key, digest and signature of each signer, by its number; not copied. */
  *signed(): Iterable<readonly [key: Uint8Array, digest: Uint8Array, signature: Uint8Array]> {
    for (const [position, encoded] of this.encoded.entries()) {
      let at = this.#signersAt[position] ?? 0
      for (let left = this.#signersOf(position); left > 0; left--) {
        const signatureAt = at + 32
        const next = at + SIGNER_BYTES
        const digest = this.#digest(position)
        yield [encoded.subarray(at, signatureAt), digest, encoded.subarray(signatureAt, next)]
        at = next
      }
    }
  }

  /** Takes over which signatures by signers are valid: 1 for each that is. */
  noteVerdicts(verdicts: Uint8Array): void {
    invariant(verdicts.length === this.signers, 'there is a verdict for each signer')
    this.#verdicts = verdicts.slice()
    for (const [position, { transaction, checks }] of this.#operating) {
      this.#noteSigners(position, transaction, checks)
    }
  }

  /** The transaction at a position, read. */
  candidate(position: number): Candidate | Rejection<'block_transaction_refused'> {
    const known = this.#operating.get(position)
    if (known !== undefined) return known
    const encoded = this.encoded[position]
    invariant(encoded !== undefined, 'the position is one of the block')
    const transaction = parseTransaction(encoded)
    if (isRejection(transaction)) return refusedAt(position, transaction)
    const checks = new TransactionChecks(this.chainId, transaction, this.#digest(position))
    this.#noteSigners(position, transaction, checks)
    return { transaction, encoded, checks }
  }

  /** Ids in order. */
  ids(): readonly TxId[] {
    return this.encoded.map((_, position) => toHex(this.#digest(position)) as TxId)
  }

  /** All of them, read. Throws `BrokenInvariant` unless all are well-formed, as in a block that was executed. */
  transactions(): readonly Transaction[] {
    return this.encoded.map((_, position) => {
      const candidate = this.candidate(position)
      invariant(!isRejection(candidate), 'a block that was executed holds well-formed transactions')
      return candidate.transaction
    })
  }

  #outline(position: number) {
    const encoded = this.encoded[position]
    invariant(encoded !== undefined, 'the position is one of the block')
    const outline = outlineTransaction(this.chainId, encoded)
    if (isRejection(outline)) return outline
    const { digest, signersAt, signers, hasOperations } = outline
    this.#digests.set(digest, 32 * position)
    this.#signersAt[position] = signersAt
    this.#firstSigners[position + 1] = (this.#firstSigners[position] ?? 0) + signers
    if (!hasOperations) return undefined
    const transaction = parseTransaction(encoded)
    if (isRejection(transaction)) return transaction
    const checks = new TransactionChecks(this.chainId, transaction, digest)
    this.#operating.set(position, { transaction, encoded, checks })
    return undefined
  }

  #digest(position: number): Uint8Array {
    return this.#digests.subarray(32 * position, 32 * position + 32)
  }

  #signersOf(position: number): number {
    return (this.#firstSigners[position + 1] ?? 0) - (this.#firstSigners[position] ?? 0)
  }

  #noteSigners(position: number, { signers }: Transaction, checks: TransactionChecks): void {
    let number = this.#firstSigners[position] ?? 0
    for (const { publicKey, signature } of signers) {
      if (this.#verdicts[number++] === 1) checks.noteValid(publicKey, checks.digest, signature)
    }
  }
}
