import { LedgerError } from './ledger-error.js'
import { backOffMs, pause } from './pause.js'

/**
 * Refusals that pass by themselves: another replica lagged, a block came between two answers, or the
 * node had too much to do at once (API-12).
 */
const PASSING = new Set([
  ...['older_than_tip', 'genesis_not_certified', 'ledger_moved_on'],
  ...['too_many_connections', 'node_busy'],
])
/** Repetitions of a question whose answer came at an unlucky moment: eight seconds in all. */
const REPETITIONS_MAX = 5

/** The answer of `ask`, which is asked again when only the moment was wrong. */
export async function patiently<T>(
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      const passes = error instanceof LedgerError && PASSING.has(error.code)
      if (!passes || attempt === REPETITIONS_MAX) throw error
    }
    await pause(backOffMs(attempt, Math.random()), signal)
  }
}
