/** Why a hub cannot run as it is set up; `code` is stable. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  readonly code: /** Its parameters leave no room for a hub, or for one with these options. */
  'ledger_unsuitable' | 'key_damaged'

  constructor(code: StartFault['code'], message: string) {
    super(message)
    this.code = code
  }
}
