import { WalletError } from '../wallet-error.js'

type Watcher<T> = {
  readonly accept: (value: T) => boolean
  readonly done: (value: T) => void
  readonly failed: (error: Error) => void
}

/** Callers that wait until something they named has come to be. */
export class Watchers<T> {
  readonly #watchers = new Set<Watcher<T>>()
  #closed: WalletError | undefined

  /** Kept with the first value that `accept` takes; rejected by `signal` or when the wallet closes. */
  wait(accept: (value: T) => boolean, signal: AbortSignal | undefined): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      const stop = () => watcher.failed(abortedError(signal))
      const end = () => {
        this.#watchers.delete(watcher)
        signal?.removeEventListener('abort', stop)
      }
      const watcher: Watcher<T> = {
        accept,
        done: (value) => {
          end()
          resolve(value)
        },
        failed: (error) => {
          end()
          reject(error)
        },
      }
      if (signal?.aborted === true) return reject(abortedError(signal))
      signal?.addEventListener('abort', stop, { once: true })
      this.#watchers.add(watcher)
    })
  }

  tell(value: T): void {
    for (const watcher of [...this.#watchers]) if (watcher.accept(value)) watcher.done(value)
  }

  close(): void {
    this.#closed = new WalletError('wallet_closed', 'the wallet was closed while this went on')
    for (const watcher of [...this.#watchers]) watcher.failed(this.#closed)
  }
}

/** What a caller is told that has stopped waiting. */
export function abortedError(signal: AbortSignal | undefined): WalletError {
  return new WalletError('aborted', 'the caller stopped waiting; what was begun goes on', {
    retryable: true,
    cause: signal?.reason,
  })
}
