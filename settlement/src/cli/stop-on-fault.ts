import { LedgerError } from '@tallystick/client-sdk'
import { fileFailure } from '@tallystick/client-sdk/node'
import { CommanderError } from 'commander'
import { LedgerFault } from '../ledger-fault.js'
import { printable } from './printable.js'

/**
 * Exit codes: 1 could not do it or was asked for wrongly, 2 the rules of the ledger refuse the
 * transaction, 70 a durable promise or an invariant was broken on the way.
 */
export const EXIT = { failed: 1, refused: 2, fault: 70 } as const
type Exit = (typeof EXIT)[keyof typeof EXIT]

/** Why a command is not done; `code` is stable. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  readonly exit: Exit

  constructor(code: string, message: string, exit: Exit = EXIT.failed) {
    super(message)
    this.code = code
    this.exit = exit
  }
}

/** A failure as it is told: a stable code, a sentence, and what the process ends with. */
type Failure = { readonly code: string; readonly detail: string; readonly exit: Exit }

/** Says why a command could not be done, by name, and ends the process. */
export function stopOnFault(error: unknown): never {
  const { exit } = tellFailure(error)
  process.exit(exit)
}

/**
 * Tells a failure on standard error, and with `--json` also as one JSON object on standard output.
 * The command line itself is looked at: what cannot be read has no options yet.
 */
export function tellFailure(error: unknown): Failure {
  const { exit, code, detail: said } = failureOf(error)
  const detail = printable(said.replaceAll(/\s*\n\s*/g, ' '))
  process.stderr.write(`${printable(code)}: ${detail}\n`)
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`)
  }
  return { exit, code, detail }
}

function failureOf(error: unknown): Failure {
  const exit = EXIT.failed
  if (error instanceof CommandError) {
    return { code: error.code, detail: error.message, exit: error.exit }
  }
  if (error instanceof LedgerFault || error instanceof LedgerError) {
    return { code: error.code, detail: error.message, exit }
  }
  if (error instanceof CommanderError) return { code: 'usage', detail: usageOf(error), exit }
  const file = fileFailure(error)
  if (file !== undefined) return { ...file, exit }
  const detail = `the program failed where it should not, please report it: ${String(error)}`
  return { code: 'ledger_failed', detail, exit: EXIT.fault }
}

function usageOf({ code, message }: CommanderError): string {
  // Commander has shown the whole help, and has no sentence of its own for it.
  return code === 'commander.help' ? 'a command is due' : message.replace(/^error: /, '')
}
