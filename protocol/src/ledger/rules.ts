import { type Rejection, reject } from '../primitives/outcome.js'
import type { Condition } from './lock.js'
import type { Operation } from './operation.js'
import type { Transaction } from './transaction.js'

/** The newest version of the rules that this code implements; new ledgers start with it. */
export const PROTOCOL_VERSION = 2

/** Every version whose rules this code implements. */
export const PROTOCOL_VERSIONS: ReadonlySet<number> = new Set([1, 2])

/**
 * The one table of what differs between versions (UPG-1): since which version each thing may be
 * used. A version never takes back what an earlier one allowed, or coins could be locked for ever.
 */
const SINCE: {
  readonly conditions: { readonly [Kind in Condition['kind']]: number }
  readonly operations: { readonly [Kind in Operation['kind']]: number }
} = {
  conditions: { key: 1, multi: 1, after: 1, older: 1, revealed: 2, unrevealed: 2 },
  operations: {
    open: 1,
    deposit: 1,
    close: 1,
    forceClose: 1,
    challenge: 1,
    finalize: 1,
    payFee: 1,
    changeParameters: 1,
    issue: 2,
    withdraw: 2,
    reissue: 2,
  },
}

/** Refuses what the rules of `version` do not know yet (UPG-2): `undefined` when it knows all. */
export function checkInForce(
  { body, witnesses }: Pick<Transaction, 'body' | 'witnesses'>,
  version: number,
): Rejection<'not_in_force'> | undefined {
  // No version takes anything back, and this code reads nothing that the newest does not know.
  if (version === PROTOCOL_VERSION) return undefined
  for (const { alternative } of witnesses) {
    for (const { kind } of alternative) {
      if (SINCE.conditions[kind] > version) return notInForce(kind, SINCE.conditions[kind], version)
    }
  }
  for (const { kind } of body.operations) {
    if (SINCE.operations[kind] > version) return notInForce(kind, SINCE.operations[kind], version)
  }
  return undefined
}

function notInForce(what: string, since: number, version: number): Rejection<'not_in_force'> {
  const detail = `rules ${version} are in force, '${what}' comes with rules ${since}`
  return reject('not_in_force', detail)
}
