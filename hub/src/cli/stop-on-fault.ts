import { LedgerError, StoreFault } from '@tallystick/client-sdk'
import { fileFailure } from '@tallystick/client-sdk/node'
import { WorkerGone } from '@tallystick/protocol/workers'
import { CommanderError } from 'commander'
import type { Logger } from 'pino'
import { LeaveFault } from '../leave-fault.js'
import { StartFault } from '../start-fault.js'
import { HubAnswerFault } from './hub-answer-fault.js'

/** Exit codes: 1 could not do it or was asked for wrongly, 70 a durable promise was broken. */
const EXIT = { failed: 1, fault: 70 } as const

/** The same, as help says it. */
export const EXIT_CODES = `
Exit codes: 0 done, or stopped as asked; 1 could not be done, or was asked for wrongly; 70 a
durable promise was broken. A failure is told on standard error as CODE: DETAIL, and with --json
also on standard output as one object: {"error":{"code":"...","detail":"..."}}.`

/** A failure as it is told: a stable code, a sentence, and what the process ends with. */
type Failure = { readonly code: string; readonly detail: string; readonly exit: number }

/**
 * Says on standard error why a command could not be done, in one line and by name, with `--json` also
 * as one JSON object on standard output, and ends the process.
 */
export function stopOnFault(error: unknown): never {
  // Help was asked for, and is told.
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0)
  const { exit, code, detail: said } = failureOf(error)
  const detail = said.replaceAll(/\s*\n\s*/g, ' ')
  process.stderr.write(`${code}: ${detail}\n`)
  // The command line itself is looked at: what cannot be read has no options yet.
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`)
  }
  process.exit(exit)
}

/** Logs why a hub that runs has to stop, and ends the process. */
export function stopRunning(log: Logger, fault: unknown): never {
  const { code, detail } = failureOf(fault)
  // Where it came from is told of what has no name of its own.
  const err = code === UNNAMED ? { err: fault } : {}
  log.fatal({ code, detail, ...err }, 'the hub stops: it could not keep a durable promise')
  process.exit(EXIT.fault)
}

const UNNAMED = 'hub_failed'

function failureOf(error: unknown): Failure {
  const { failed, fault } = EXIT
  if (
    error instanceof StoreFault ||
    error instanceof StartFault ||
    error instanceof LeaveFault ||
    error instanceof HubAnswerFault ||
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
  if (error instanceof WorkerGone) return { code: error.code, detail: error.message, exit: fault }
  const file = fileFailure(error)
  if (file !== undefined) return { ...file, exit: failed }
  const detail = `the program failed where it should not, please report it: ${String(error)}`
  return { code: UNNAMED, detail, exit: fault }
}
