import {
  type ChainId,
  equalBytes,
  type PublicKey,
  type Rejection,
  reject,
  type Signer,
  type Transaction,
  transactionDigest,
  verifySignature,
} from '@tallystick/protocol'

/**
 * Stands for a signer who is elsewhere: its place in the transaction is kept, and paid for, until
 * the transaction has reached it and `coSign` fills the place.
 */
export function awaitedSigner(publicKey: PublicKey): Signer {
  return { publicKey, sign: () => new Uint8Array(64) }
}

/** `transaction` with the signature of one of the keys that it lists; `signer_unused` for another. */
export function coSign(
  chainId: ChainId,
  transaction: Transaction,
  signer: Signer,
): Transaction | Rejection<'signer_unused'> {
  const { publicKey } = signer
  if (!transaction.signers.some((listed) => listed.publicKey === publicKey)) {
    return reject('signer_unused', `the transaction keeps no place for a signature by ${publicKey}`)
  }
  const signature = signer.sign(transactionDigest(chainId, transaction.body))
  const signers = transaction.signers.map((listed) =>
    listed.publicKey === publicKey ? { publicKey, signature } : listed,
  )
  return { ...transaction, signers }
}

/**
 * `transaction` with every valid signature of `others`, copies of it that went to other signers;
 * `signature_of_another` when one of them is no copy.
 */
export function joinSignatures(
  chainId: ChainId,
  transaction: Transaction,
  others: readonly Transaction[],
): Transaction | Rejection<'signature_of_another'> {
  const digest = transactionDigest(chainId, transaction.body)
  let joined = transaction
  for (const other of others) {
    if (!equalBytes(transactionDigest(chainId, other.body), digest)) {
      return reject('signature_of_another', 'signatures are joined of copies of one transaction')
    }
    const signers = joined.signers.map((listed) => {
      const { publicKey } = listed
      const signed = other.signers.find((theirs) => theirs.publicKey === publicKey)
      return signed !== undefined && verifySignature(publicKey, digest, signed.signature)
        ? signed
        : listed
    })
    joined = { ...joined, signers }
  }
  return joined
}

/** The listed keys that have not signed yet, ascending: empty when it can be handed in. */
export function awaitedKeys(chainId: ChainId, { body, signers }: Transaction): PublicKey[] {
  const digest = transactionDigest(chainId, body)
  return signers
    .filter(({ publicKey, signature }) => !verifySignature(publicKey, digest, signature))
    .map(({ publicKey }) => publicKey)
}
