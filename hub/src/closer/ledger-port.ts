import type { Rejection, TxId } from '@tallystick/protocol'

/** What the closer needs of the ledger. Faults of the network are waited out inside. */
export type LedgerPort = {
  /** Hands a transaction in; `undefined` also when the ledger is out of reach: it is sent again. */
  submit(transaction: Uint8Array): Promise<Rejection | undefined>
  status(id: TxId): Promise<'pending' | 'included' | 'unknown' | Rejection>
}
