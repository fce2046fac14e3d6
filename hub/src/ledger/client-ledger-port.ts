import { type LedgerAccess, LedgerError } from '@tallystick/client-sdk'
import { decodeTrusted, reject, transactionCodec } from '@tallystick/protocol'
import type { LedgerPort } from '../closer/ledger-port.js'

/** The closer's ledger over the HTTP client: what may pass by itself is no refusal. */
export function ledgerPortOf(client: LedgerAccess): LedgerPort {
  return {
    submit: async (transaction) => {
      try {
        await client.submit(decodeTrusted(transactionCodec, transaction))
        return undefined
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error
        return error.retryable ? undefined : reject(error.code, error.message)
      }
    },
    status: async (id) => {
      try {
        const status = await client.transactionStatus(id)
        return status.kind === 'rejected' ? reject(status.code, status.detail) : status.kind
      } catch (error) {
        if (error instanceof LedgerError && error.retryable) return 'pending'
        throw error
      }
    },
  }
}
