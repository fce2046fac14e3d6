/** The journal could not be opened, or could not keep a promise: nothing may be signed any more. */
export class JournalFault extends Error {
  override readonly name = 'JournalFault'
  readonly code: 'journal_in_use' | 'journal_of_another_chain' | 'journal_version' | 'journal_failed'

  constructor(code: JournalFault['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
