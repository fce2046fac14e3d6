/** A store could not be opened, or could not keep a promise: nothing may be signed any more. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  readonly code:
    | 'store_in_use'
    | 'store_of_another_chain'
    /** What is stored was signed by another key than the one that is there now (JRN-7). */
    | 'store_of_another_key'
    /** There is no key, or none any more beside what it has signed (JRN-7). */
    | 'key_missing'
    | 'key_damaged'
    /** Others than its owner may read the key file. */
    | 'key_readable'
    | 'store_version'
    | 'store_failed'
    /** What is stored is not what was written. */
    | 'store_corrupt'
    /** The database is older than its mark: commits that were acted upon are gone (JRN-5). */
    | 'store_rolled_back'
    /** The mark is that of another database, or of another history of this one (JRN-5). */
    | 'store_swapped'
    | 'mark_missing'
    | 'mark_damaged'
    /** The mark is older than the database: it was put back, or the database ran without it (JRN-5). */
    | 'mark_rolled_back'

  constructor(code: StoreFault['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
