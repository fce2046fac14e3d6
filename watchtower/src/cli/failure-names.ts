import { LedgerError, StoreFault } from '@tallystick/client-sdk'
import { type FailureNames, fileFailure } from '@tallystick/daemon'
import { StartFault } from '../start-fault.js'

/** What goes wrong in a tower and its commands, by name. */
export const FAILURE_NAMES: FailureNames = {
  known: (error) =>
    error instanceof StoreFault || error instanceof StartFault || error instanceof LedgerError
      ? { code: error.code, detail: error.message }
      : fileFailure(error),
  unknown: 'watchtower_failed',
}
