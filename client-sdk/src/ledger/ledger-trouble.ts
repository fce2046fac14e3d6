import { LedgerError } from './ledger-error.js'

/** What an operator is told of a ledger that does not answer as it should. */
export type LedgerTrouble = {
  readonly kind: 'ledgerTrouble'
  readonly code: string
  readonly detail: string
}

export function ledgerTrouble(error: unknown): LedgerTrouble {
  const code = error instanceof LedgerError ? error.code : 'ledger_unreachable'
  return { kind: 'ledgerTrouble', code, detail: error instanceof Error ? error.message : '' }
}
