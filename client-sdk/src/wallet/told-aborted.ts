import { abortedError } from './watchers.js'

/** `waiting` on the ledger, whose client rejects with the signal's own reason: callers of a wallet are told `aborted`. */
export function toldAborted<T>(signal: AbortSignal | undefined, waiting: Promise<T>): Promise<T> {
  return waiting.catch((error: unknown) => {
    throw signal?.aborted === true && error === signal.reason ? abortedError(signal) : error
  })
}
