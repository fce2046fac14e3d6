import { CommandError } from '@tallystick/daemon'
import { askPerson, isSomebodyThere } from './ask-person.js'

/** Asks `question`, unless `--yes` was given. Throws `not_confirmed`, also where nobody can be asked. */
export async function confirm(yes: true | undefined, question: string): Promise<void> {
  if (yes) return
  const detail = `nothing was done; --yes does it without asking: ${question}`
  const refusal = new CommandError('not_confirmed', detail)
  if (!isSomebodyThere()) throw refusal
  const answer = await askPerson(`${question}? [y/N] `)
  if (answer?.trim().toLowerCase() !== 'y') throw refusal
}
