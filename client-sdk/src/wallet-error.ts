/** What a wallet could not do, with a stable code for programs. Never carries a secret. */
export class WalletError extends Error {
  override readonly name = 'WalletError'
  readonly code: string
  /** Whether the same call may succeed later. */
  readonly retryable: boolean

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
  }
}
