import { LedgerError, StoreFault, WalletError } from '@tallystick/client-sdk'
import { CommanderError } from 'commander'
import { CommandError, EXIT, type Exit } from './command-error.js'
import { printable } from './print-facts.js'

type Failure = { readonly code: string; readonly detail: string; readonly exit: Exit }

/**
 * Tells a failure on standard error, with `--json` also as one JSON object on standard output, and
 * ends the process.
 */
export function stopOnFailure(error: unknown): never {
  const { exit, code, detail: said } = failureOf(error)
  const detail = printable(said.replaceAll(/\s*\n\s*/g, ' '))
  process.stderr.write(`${printable(code)}: ${detail}\n`)
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`)
  }
  process.exit(exit)
}

function failureOf(error: unknown): Failure {
  const { failed, refused, fault } = EXIT
  if (error instanceof CommandError) {
    const exit = error.code === 'interrupted' ? EXIT.interrupted : failed
    return { code: error.code, detail: error.message, exit }
  }
  if (error instanceof WalletError) {
    return { code: error.code, detail: error.message, exit: failed }
  }
  if (error instanceof LedgerError) {
    const exit = error.status === RULES_REFUSE ? refused : failed
    return { code: error.code, detail: error.message, exit }
  }
  if (error instanceof StoreFault) return storeFailure(error)
  if (error instanceof CommanderError) {
    // Commander has shown the whole help, and has no sentence of its own for it.
    const detail =
      error.code === 'commander.help' ? 'a command is due' : error.message.replace(/^error: /, '')
    return { code: 'usage', detail, exit: failed }
  }
  if (isFileError(error)) {
    return {
      code: 'file_unusable',
      detail: `${error.path} cannot be used (${error.code})`,
      exit: failed,
    }
  }
  const detail = `the program failed where it should not, please report it: ${String(error)}`
  return { code: 'wallet_failed', detail, exit: fault }
}

function storeFailure({ code, message: detail }: StoreFault): Failure {
  switch (code) {
    case 'store_failed':
      return { code, detail, exit: EXIT.fault }
    case 'store_in_use':
      return {
        code,
        detail: `${detail}: another wallet command, or a program; let it end`,
        exit: EXIT.busy,
      }
    default:
      return { code, detail, exit: EXIT.failed }
  }
}

/** The status under which the ledger's API tells what its rules refuse (protocol §18). */
const RULES_REFUSE = 422

function isFileError(error: unknown): error is Error & { readonly path: string; code: string } {
  return error instanceof Error && 'syscall' in error && 'path' in error && 'code' in error
}
