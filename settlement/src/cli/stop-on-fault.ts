import { LedgerError } from '@tallystick/client-sdk'
import { LedgerFault } from '../ledger-fault.js'
import { printable } from './printable.js'

/**
 * Exit codes: 1 could not do it, 2 the rules of the ledger refuse the transaction, 70 a durable
 * promise or an invariant was broken on the way.
 */
export const EXIT = { failed: 1, refused: 2, fault: 70 } as const

/** Why a command is not done; `code` is stable. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  readonly exit: (typeof EXIT)[keyof typeof EXIT]

  constructor(code: string, message: string, exit: CommandError['exit'] = EXIT.failed) {
    super(message)
    this.code = code
    this.exit = exit
  }
}

/** Says why a command could not be done, by name, and ends the process. */
export function stopOnFault(error: unknown): never {
  const isNamed =
    error instanceof LedgerFault || error instanceof LedgerError || error instanceof CommandError
  const code = isNamed ? error.code : 'ledger_failed'
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${printable(`${code}: ${message.replaceAll('\n', ' ')}`)}\n`)
  process.exit(error instanceof CommandError ? error.exit : EXIT.failed)
}
