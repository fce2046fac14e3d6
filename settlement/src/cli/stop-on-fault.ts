import { LedgerFault } from '../ledger-fault.js'

/** Exit codes: 1 could not do it, 70 a durable promise or an invariant was broken on the way. */
export const EXIT = { failed: 1, fault: 70 } as const

/** Says why a command could not be done, by name, and ends the process. */
export function stopOnFault(error: unknown): never {
  const code = error instanceof LedgerFault ? error.code : 'ledger_failed'
  process.stderr.write(`${code}: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(EXIT.failed)
}
