import { StoreFault } from '../store/store-fault.js'
import { WalletError } from '../wallet-error.js'

/** A page's turn with a wallet: no other page of the same browser has it meanwhile. */
export type WalletTurn = { end(): void }

/**
 * Takes the turn with what is called `name` (WEB-1); `wait`: until the page that has it ends, or `signal` says no.
 * `onLost`: it was taken away. Errors: `StoreFault` `store_in_use` where another page has it; `browser_unfit`.
 */
export function takeTurn(
  name: string,
  { wait, signal, onLost }: { wait: boolean; signal: AbortSignal | undefined; onLost: () => void },
): Promise<WalletTurn> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const locks: LockManager | undefined = globalThis.navigator?.locks
    if (locks === undefined || globalThis.indexedDB === undefined) {
      const detail =
        'this page has no Web Locks or no IndexedDB: serve it over https, and open it in a browser of 2023 or later'
      throw new WalletError('browser_unfit', detail)
    }
    let hasTurn = false
    let isOver = false
    const hold = (lock: Lock | null) => {
      if (lock === null) {
        const detail = 'the wallet is open in another tab of this browser: close it there, or wait'
        throw new StoreFault('store_in_use', detail)
      }
      hasTurn = true
      return new Promise<void>((release) => {
        resolve({
          end: () => {
            isOver = true
            release()
          },
        })
      })
    }
    const options = wait ? { ...(signal && { signal }) } : { ifAvailable: true }
    locks.request(name, options, hold).catch((error: unknown) => {
      if (!hasTurn) reject(error)
      // Only a lock that was stolen ends before it is given back.
      else if (!isOver) onLost()
    })
  })
}
