/** Why a hub cannot run as it is set up; `code` is stable. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  readonly code:
    | 'key_damaged'
    /** Others may read the key file. */
    | 'key_readable'
    /** Its parameters leave no room for a hub, or for one with these options. */
    | 'ledger_unsuitable'

  constructor(code: StartFault['code'], message: string) {
    super(message)
    this.code = code
  }
}
