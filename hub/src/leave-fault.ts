/** Why a hub cannot leave a channel; `code` is stable. */
export class LeaveFault extends Error {
  override readonly name = 'LeaveFault'
  readonly code: 'channel_unknown' | 'channel_closing' | 'data_lost' | 'close_refused'

  constructor(code: LeaveFault['code'], detail: string) {
    super(detail)
    this.code = code
  }
}
