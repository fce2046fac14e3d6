import {
  type ChainId,
  encode,
  feeFor,
  lockWitness,
  type PublicKey,
  type Rejection,
  reject,
  type Signer,
  signTransaction,
  TRANSACTION_BYTES_MAX,
  type Transaction,
  type TransactionBody,
  type TxId,
  transactionCodec,
  transactionCost,
  transactionId,
} from '@tallystick/protocol'
import type { OwnedCoin } from './coin-selection.js'

/** A transaction before it is signed: what it does, the coins behind its inputs, who signs. */
export type TransactionDraft = {
  readonly body: Omit<TransactionBody, 'inputs'>
  readonly coins: readonly OwnedCoin[]
  /** Keys that the operations ask for, besides those of the coins. */
  readonly signers: readonly Signer[]
}

/** A signed transaction and what it burns. */
export type BuiltTransaction = {
  readonly kind: 'built'
  readonly id: TxId
  readonly transaction: Transaction
  /** Base units of the asset that the fee is paid in. */
  readonly fee: bigint
}

/** A signature has 64 bytes whatever it says: the size is known before anything is signed. */
const UNSIGNED = new Uint8Array(64)

/** What the ledger asks for the draft once it is signed, base units: exact, not an estimate. */
export function draftFee(draft: TransactionDraft, feePerKiloCost: number): bigint {
  const signers = draftSigners(draft)
    .map(({ publicKey }) => ({ publicKey, signature: UNSIGNED }))
    .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
  const { body, witnesses } = draftParts(draft)
  const unsigned = { body, witnesses, signers }
  const cost = transactionCost(unsigned, encode(transactionCodec, unsigned).length)
  return feeFor(cost, feePerKiloCost)
}

/** The signed transaction of a draft that burns `fee`; refused where the ledger would not read it. */
export function signDraft(
  chainId: ChainId,
  draft: TransactionDraft,
  fee: bigint,
): BuiltTransaction | Rejection<'transaction_too_large'> {
  const { body, witnesses } = draftParts(draft)
  const transaction = signTransaction(chainId, body, witnesses, draftSigners(draft))
  const bytes = encode(transactionCodec, transaction).length
  return bytes <= TRANSACTION_BYTES_MAX
    ? { kind: 'built', id: transactionId(chainId, body), transaction, fee }
    : reject(
        'transaction_too_large',
        `a transaction has at most ${TRANSACTION_BYTES_MAX} bytes, not ${bytes}; split it`,
      )
}

function draftParts({ body, coins }: TransactionDraft): Omit<Transaction, 'signers'> {
  return {
    body: { ...body, inputs: coins.map(({ outpoint }) => outpoint) },
    witnesses: coins.map(({ lock, alternative }) => lockWitness(lock, alternative)),
  }
}

/** One signer per key, however often the draft asks for it. */
function draftSigners({ coins, signers }: TransactionDraft): Signer[] {
  const byKey = new Map<PublicKey, Signer>()
  for (const signer of [...signers, ...coins.flatMap((owned) => owned.signers)]) {
    byKey.set(signer.publicKey, signer)
  }
  return [...byKey.values()]
}
