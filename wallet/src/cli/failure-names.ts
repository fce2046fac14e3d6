import { LedgerError, StoreFault, WalletError } from '@tallystick/client-sdk'
import { EXIT, type FailureNames } from '@tallystick/daemon'

/** What goes wrong in the wallet's commands, by name. */
export const FAILURE_NAMES: FailureNames = {
  known(error) {
    if (error instanceof WalletError) return { code: error.code, detail: error.message }
    if (error instanceof LedgerError) {
      const exit = error.status === RULES_REFUSE ? EXIT.refused : EXIT.failed
      return { code: error.code, detail: error.message, exit }
    }
    if (error instanceof StoreFault) return storeFailure(error)
    if (isFileError(error)) {
      return { code: 'file_unusable', detail: `${error.path} cannot be used (${error.code})` }
    }
    return undefined
  },
  unknown: 'wallet_failed',
}

function storeFailure({ code, message: detail }: StoreFault): ReturnType<FailureNames['known']> {
  switch (code) {
    case 'store_failed':
      return { code, detail, exit: EXIT.fault }
    case 'store_in_use':
      return {
        code,
        detail: `${detail}: another wallet command, or a program; let it end`,
        exit: EXIT.busy,
      }
    default:
      return { code, detail }
  }
}

/** The status under which the ledger's API tells what its rules refuse (protocol §18). */
const RULES_REFUSE = 422

function isFileError(error: unknown): error is Error & { readonly path: string; code: string } {
  return error instanceof Error && 'syscall' in error && 'path' in error && 'code' in error
}
