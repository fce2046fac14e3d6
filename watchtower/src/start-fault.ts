/** Why a tower cannot run as it is set up; `code` is stable. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  readonly code: /** It takes no fees in the tower's asset. */
    | 'ledger_unsuitable'
    | 'key_damaged'
    /** Others may read the key file. */
    | 'key_readable'

  constructor(code: StartFault['code'], message: string) {
    super(message)
    this.code = code
  }
}
