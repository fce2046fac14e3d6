import { CommanderError } from 'commander'
import { CommandError } from './command-error.js'
import { EXIT, type Exit } from './exit-codes.js'
import { printable } from './printable.js'

/** A failure as it is told: a stable code, a sentence on one line, and what the process ends with. */
export type Failure = { readonly code: string; readonly detail: string; readonly exit: Exit }

/** How a program names what goes wrong in it. */
export type FailureNames = {
  /** What the program knows an error as, with its exit code where that is not 1; `undefined`: it does not. */
  readonly known: (
    error: unknown,
  ) => { readonly code: string; readonly detail: string; readonly exit?: Exit } | undefined
  /** The code of what nobody knows, and which ends the process with 70: `hub_failed`. */
  readonly unknown: string
}

/** What an error is told as: a command's own or its usage, what `names` knows, or a defect of the program. */
export function failureOf(error: unknown, names: FailureNames): Failure {
  const { code, detail, exit } = namedFailure(error, names)
  return { code: printable(code), detail: printable(detail.replaceAll(/\s*\n\s*/g, ' ')), exit }
}

function namedFailure(error: unknown, names: FailureNames): Failure {
  if (error instanceof CommandError) {
    return { code: error.code, detail: error.message, exit: error.exit }
  }
  if (error instanceof CommanderError) {
    return { code: 'usage', detail: usageOf(error), exit: EXIT.failed }
  }
  const known = names.known(error)
  if (known !== undefined) return { exit: EXIT.failed, ...known }
  const detail = `the program failed where it should not, please report it: ${String(error)}`
  return { code: names.unknown, detail, exit: EXIT.fault }
}

function usageOf({ code, message }: CommanderError): string {
  // Commander has shown the whole help, and has no sentence of its own for it.
  return code === 'commander.help' ? 'a command is due' : message.replace(/^error: /, '')
}
