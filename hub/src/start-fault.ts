/** Why a hub cannot run as it is set up; `code` is stable. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  /** The ledger's parameters leave no room for a hub, or for one with these options. */
  readonly code = 'ledger_unsuitable'
}
