import {
  type Anchor,
  anchorOf,
  type ChainId,
  equalBytes,
  invariant,
  type PublicKey,
  type Transaction,
  type TxId,
  toHex,
  transactionDigest,
  verifySignature,
} from '@tallystick/protocol'

/**
 * What is costly to find out about a transaction and does not depend on the state: computed when it
 * is first asked for, kept with the transaction while it waits for a block. It changes no verdict.
 */
export class TransactionChecks {
  readonly chainId: ChainId
  readonly digest: Uint8Array
  readonly id: TxId
  readonly #transaction: Transaction
  /** Absent until one is known: most transactions reveal nothing. */
  #anchors: Map<number, Anchor> | undefined
  /** A signature that was found valid; most transactions have no other. */
  #valid: ValidSignature | undefined
  /** The others, by the signature's own array. */
  #others: Map<Uint8Array, ValidSignature> | undefined

  /** `digest`: of the transaction on this chain, from whoever has computed it already. */
  constructor(
    chainId: ChainId,
    transaction: Transaction,
    digest = transactionDigest(chainId, transaction.body),
  ) {
    this.chainId = chainId
    this.digest = digest
    this.id = toHex(this.digest) as TxId
    this.#transaction = transaction
  }

  /** The anchor that the reveal at a position of the body is of: up to 65,536 hashes. */
  anchorOf(position: number): Anchor {
    const known = this.#anchors?.get(position)
    if (known !== undefined) return known
    const reveal = this.#transaction.body.reveals[position]
    invariant(reveal !== undefined, 'the position names a reveal of the transaction')
    const anchor = anchorOf(reveal.link, reveal.index)
    this.noteAnchor(position, anchor)
    return anchor
  }

  /** The same, from whoever has computed it for the reveal at this position already. */
  noteAnchor(position: number, anchor: Anchor): void {
    this.#anchors ??= new Map()
    this.#anchors.set(position, anchor)
  }

  /** Takes over from whoever has found a signature of the transaction to be valid. */
  noteValid(key: PublicKey, digest: Uint8Array, signature: Uint8Array): void {
    const valid = { key, digest, signature }
    if (this.#valid === undefined) {
      this.#valid = valid
      return
    }
    this.#others ??= new Map()
    this.#others.set(signature, valid)
  }

  /** Whether a signature that is part of the transaction is one of `digest` under `key`. */
  isSigned(key: PublicKey, digest: Uint8Array, signature: Uint8Array): boolean {
    const known = this.#valid?.signature === signature ? this.#valid : this.#others?.get(signature)
    if (known !== undefined && known.key === key && equalBytes(known.digest, digest)) return true
    const isValid = verifySignature(key, digest, signature)
    if (isValid) this.noteValid(key, digest, signature)
    return isValid
  }
}

/** A signature, by its own array, and what it is valid for. */
type ValidSignature = {
  readonly key: PublicKey
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}
