import { LedgerError, StoreFault } from '@tallystick/client-sdk'
import { EXIT, type FailureNames, fileFailure } from '@tallystick/daemon'
import { WorkerGone } from '@tallystick/protocol/workers'
import { LeaveFault } from '../leave-fault.js'
import { StartFault } from '../start-fault.js'

/** What goes wrong in a hub and its commands, by name. */
export const FAILURE_NAMES: FailureNames = {
  known(error) {
    if (
      error instanceof StoreFault ||
      error instanceof StartFault ||
      error instanceof LeaveFault ||
      error instanceof LedgerError
    ) {
      return { code: error.code, detail: error.message }
    }
    if (error instanceof WorkerGone) {
      return { code: error.code, detail: error.message, exit: EXIT.fault }
    }
    return fileFailure(error)
  },
  unknown: 'hub_failed',
}
