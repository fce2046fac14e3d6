/** A store could not be opened, or could not keep a promise: nothing may be signed any more. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  readonly code:
    | 'store_in_use'
    | 'store_of_another_chain'
    | 'store_of_another_key'
    | 'store_version'
    | 'store_failed'
    /** What is stored is not what was written. */
    | 'store_corrupt'

  constructor(code: StoreFault['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
