import { LedgerError } from './ledger-error.js'

/** What an operator is told of a ledger that does not answer as it should. */
export type LedgerTrouble = {
  readonly kind: 'ledgerTrouble'
  readonly code: string
  readonly detail: string
}

/** Of any error: its code, and what it says, which for one of the ledger names the address and no secret. */
export function ledgerTrouble(error: unknown): LedgerTrouble {
  const code = error instanceof LedgerError ? error.code : 'ledger_unreachable'
  return { kind: 'ledgerTrouble', code, detail: error instanceof Error ? error.message : '' }
}
