/** Why a watchtower cannot run as it is set up; `code` is stable. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  /** The ledger takes no fees in the tower's asset. */
  readonly code = 'ledger_unsuitable'
}
