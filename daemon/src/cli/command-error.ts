import { EXIT, type Exit } from './exit-codes.js'

/** Why a command is not done; `code` is stable, and `exit` is what the process ends with. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  readonly exit: Exit

  constructor(code: string, message: string, exit: Exit = EXIT.failed) {
    super(message)
    this.code = code
    this.exit = exit
  }
}
