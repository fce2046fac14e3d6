import { LedgerError, StoreFault, WalletError } from '@tallystick/client-sdk'
import { EXIT, type FailureNames, fileFailure } from '@tallystick/daemon'

/** What goes wrong in a shop's server and its commands, by name. */
export const FAILURE_NAMES: FailureNames = {
  known(error) {
    if (error instanceof StoreFault) {
      const exit = error.code === 'store_failed' ? EXIT.fault : EXIT.failed
      return { code: error.code, detail: error.message, exit }
    }
    if (error instanceof WalletError || error instanceof LedgerError) {
      return { code: error.code, detail: error.message }
    }
    return fileFailure(error)
  },
  unknown: 'merchant_failed',
}
