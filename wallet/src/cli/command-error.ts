/**
 * Exit codes: 1 could not do it or was asked for wrongly, 2 the rules of the ledger refuse it, 3 what was
 * begun is not decided yet, 4 another command has the store, 70 a durable promise or an invariant was broken
 * on the way, 130 interrupted.
 */
export const EXIT = {
  ...{ failed: 1, refused: 2, pending: 3, busy: 4 },
  ...{ fault: 70, interrupted: 130 },
} as const
export type Exit = (typeof EXIT)[keyof typeof EXIT]

/** Why a command is not done; `code` is stable. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** A person has ended the command. */
export function interrupted(detail: string): CommandError {
  return new CommandError('interrupted', detail)
}
