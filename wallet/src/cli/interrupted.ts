import { CommandError, EXIT } from '@tallystick/daemon'

/** A person has ended the command. */
export function interrupted(detail: string): CommandError {
  return new CommandError('interrupted', detail, EXIT.interrupted)
}
