import { LedgerError } from '@tallystick/client-sdk'
import { type FailureNames, fileFailure } from '@tallystick/daemon'
import { LedgerFault } from '../ledger-fault.js'

/** What goes wrong in a ledger node and its commands, by name. */
export const FAILURE_NAMES: FailureNames = {
  known: (error) =>
    error instanceof LedgerFault || error instanceof LedgerError
      ? { code: error.code, detail: error.message }
      : fileFailure(error),
  unknown: 'ledger_failed',
}
