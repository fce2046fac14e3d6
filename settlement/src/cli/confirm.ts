import { createInterface } from 'node:readline/promises'
import { CommandError } from '@tallystick/daemon'

/** What a person is asked before something is done that cannot be undone. */
export type Consent = {
  /** `Send`: what is asked for. */
  readonly verb: string
  /** What was not done without it: `nothing was sent`. */
  readonly undone: string
  /** What exactly, in one line. */
  readonly said: string
}

/** Asks, unless `--yes` was given. Throws `not_confirmed`, also where nobody can be asked. */
export async function confirm(
  yes: true | undefined,
  { verb, undone, said }: Consent,
): Promise<void> {
  if (yes) return
  const detail = `${undone}; --yes does it without asking: ${verb} ${said}`
  const refusal = new CommandError('not_confirmed', detail)
  if (!process.stdin.isTTY) throw refusal
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${verb} ${said}? [y/N] `).finally(() => terminal.close())
  if (answer.trim().toLowerCase() !== 'y') throw refusal
}
