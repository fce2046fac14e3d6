import {
  type ChainId,
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

/** The listed keys that have not signed yet, ascending: empty when it can be handed in. */
export function awaitedKeys(chainId: ChainId, { body, signers }: Transaction): PublicKey[] {
  const digest = transactionDigest(chainId, body)
  return signers
    .filter(({ publicKey, signature }) => !verifySignature(publicKey, digest, signature))
    .map(({ publicKey }) => publicKey)
}
