/**
 * What a process ends with, and means the same in every program: 1 could not do it or was asked for
 * wrongly, 2 the rules of the ledger refuse it, 3 what was begun is not decided yet, 4 another command
 * has the store, 70 a durable promise or an invariant was broken on the way, 130 interrupted.
 */
export const EXIT = {
  ...{ failed: 1, refused: 2, pending: 3, busy: 4 },
  ...{ fault: 70, interrupted: 130 },
} as const
export type Exit = (typeof EXIT)[keyof typeof EXIT]

/** What of it a server ends with, as help says it. */
export const SERVER_EXIT_CODES = `
Exit codes: 0 done, or stopped as asked; 1 could not be done, or was asked for wrongly; 70 a
durable promise was broken. A failure is told on standard error as CODE: DETAIL, and with --json
also on standard output as one object: {"error":{"code":"...","detail":"..."}}.`
