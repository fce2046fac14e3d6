import { StoreFault } from '../store/store-fault.js'

/** What an upgrade makes of an empty database; its objects stay as they are from then on. */
const LAYOUT_VERSION = 1
/** The vault and the seal. */
export const HEAD = 'head'
/** The records, under their kind and their place. */
export const RECORDS = 'record'

/**
 * Opens the database of this name; `undefined` where there is none and none shall be made. `onLost`: the
 * browser has closed it, or another page is going to remove it. Throws `store_failed`.
 */
export function openIndexedDatabase(
  name: string,
  make: boolean,
  onLost: () => void,
): Promise<IDBDatabase | undefined> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, LAYOUT_VERSION)
    let isMissing = false
    request.onupgradeneeded = () => {
      if (make) {
        request.result.createObjectStore(HEAD)
        request.result.createObjectStore(RECORDS)
      } else {
        isMissing = true
        request.transaction?.abort()
      }
    }
    request.onsuccess = () => {
      const database = request.result
      database.onclose = onLost
      database.onversionchange = () => {
        database.close()
        onLost()
      }
      resolve(database)
    }
    request.onerror = () => {
      if (isMissing) resolve(undefined)
      else reject(failedStore('cannot be opened', request.error))
    }
  })
}

/** Removes the database of this name, if there is one. Throws `store_failed`. */
export function removeIndexedDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(failedStore('cannot be removed', request.error))
  })
}

/** What a request answers, which nobody has checked yet. Throws `store_failed`. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(failedStore('cannot be read', request.error))
  })
}

/** A transaction that is on disk when `done` is kept, as far as the browser can have it so. */
export function strictTransaction(database: IDBDatabase): {
  readonly transaction: IDBTransaction
  readonly done: Promise<void>
} {
  const transaction = begun(() =>
    database.transaction([HEAD, RECORDS], 'readwrite', { durability: 'strict' }),
  )
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(failedStore('cannot be written', transaction.error))
  })
  // Who aborts it knows why, and says it.
  done.catch(() => undefined)
  return { transaction, done }
}

export function viewTransaction(database: IDBDatabase): IDBTransaction {
  return begun(() => database.transaction([HEAD, RECORDS], 'readonly'))
}

function begun(begin: () => IDBTransaction): IDBTransaction {
  try {
    return begin()
  } catch (cause) {
    throw failedStore('is closed', cause)
  }
}

/** What the browser said no to, and what to do about it. */
export function failedStore(what: string, cause: unknown): StoreFault {
  const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError'
  const detail = isFull
    ? 'the browser gives this page no more space: make room, and load it again'
    : `the wallet's database in this browser ${what}`
  return new StoreFault('store_failed', detail, cause)
}
