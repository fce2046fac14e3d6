import { LedgerError, StoreFault, WalletError } from '@tallystick/client-sdk'
import { fileFailure } from '@tallystick/client-sdk/node'
import { CommanderError } from 'commander'
import type { Logger } from 'pino'
import { printable } from './print-facts.js'

/** Exit codes: 1 could not do it or was asked for wrongly, 70 a durable promise was broken. */
export const EXIT = { failed: 1, fault: 70 } as const

/** The same, as help says it. */
export const EXIT_CODES = `
Exit codes: 0 done, or stopped as asked; 1 could not be done, was asked for wrongly, or the books do
not reconcile; 70 a durable promise was broken. A failure is told on standard error as CODE: DETAIL,
and with --json also on standard output as one object: {"error":{"code":"...","detail":"..."}}.`

/** Why a command is not done; `code` is stable. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

type Failure = { readonly code: string; readonly detail: string; readonly exit: number }

/**
 * Says on standard error why a command could not be done, in one line and by name, with `--json` also as one JSON
 * object on standard output, and ends the process.
 */
export function stopOnFailure(error: unknown): never {
  // Help was asked for, and is told.
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0)
  const { exit, code, detail: said } = failureOf(error)
  const detail = printable(said.replaceAll(/\s*\n\s*/g, ' '))
  process.stderr.write(`${printable(code)}: ${detail}\n`)
  // The command line itself is looked at: what cannot be read has no options yet.
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`)
  }
  process.exit(exit)
}

/** Logs why a server that runs has to stop, and ends the process. */
export function stopRunning(log: Logger, fault: unknown): never {
  const { code, detail } = failureOf(fault)
  // Where it came from is told of what has no name of its own.
  const err = code === UNNAMED ? { err: fault } : {}
  log.fatal({ code, detail, ...err }, 'the server stops: it could not keep a durable promise')
  process.exit(EXIT.fault)
}

const UNNAMED = 'merchant_failed'

function failureOf(error: unknown): Failure {
  const { failed, fault } = EXIT
  if (error instanceof StoreFault) {
    const exit = error.code === 'store_failed' ? fault : failed
    return { code: error.code, detail: error.message, exit }
  }
  if (
    error instanceof CommandError ||
    error instanceof WalletError ||
    error instanceof LedgerError
  ) {
    return { code: error.code, detail: error.message, exit: failed }
  }
  if (error instanceof CommanderError) {
    // Commander has shown the whole help, and has no sentence of its own for it.
    const detail =
      error.code === 'commander.help' ? 'a command is due' : error.message.replace(/^error: /, '')
    return { code: 'usage', detail, exit: failed }
  }
  const file = fileFailure(error)
  if (file !== undefined) return { ...file, exit: failed }
  const detail = `the program failed where it should not, please report it: ${String(error)}`
  return { code: UNNAMED, detail, exit: fault }
}
