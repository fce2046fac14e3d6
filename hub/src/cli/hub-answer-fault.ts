/** Why a hub that runs did not do what a command asked it for; `code` is stable. */
export class HubAnswerFault extends Error {
  override readonly name = 'HubAnswerFault'
  /** `hub_unreachable`, or what the hub itself says. */
  readonly code: string

  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}
