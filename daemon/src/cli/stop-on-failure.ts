import { CommanderError } from 'commander'
import type { Logger } from 'pino'
import { EXIT } from './exit-codes.js'
import { type Failure, type FailureNames, failureOf } from './failure.js'

/** Says why a command could not be done, as `tellFailure` does, and ends the process. */
export function stopOnFailure(error: unknown, names: FailureNames): never {
  // Help was asked for, and is told.
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0)
  process.exit(tellFailure(error, names).exit)
}

/**
 * Tells a failure on standard error, in one line and by name, and with `--json` also as one JSON object
 * on standard output.
 */
export function tellFailure(error: unknown, names: FailureNames): Failure {
  const failure = failureOf(error, names)
  const { code, detail } = failure
  process.stderr.write(`${code}: ${detail}\n`)
  // The command line itself is looked at: what cannot be read has no options yet.
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`)
  }
  return failure
}

/** Logs why a server that runs has to stop, and ends the process; `who` is what it calls itself: `the hub`. */
export function stopRunning(
  fault: unknown,
  { names, log, who }: { readonly names: FailureNames; readonly log: Logger; readonly who: string },
): never {
  const { code, detail } = failureOf(fault, names)
  // Where it came from is told of what has no name of its own.
  const err = code === names.unknown ? { err: fault } : {}
  log.fatal({ code, detail, ...err }, `${who} stops: it could not keep a durable promise`)
  process.exit(EXIT.fault)
}
