import { createInterface } from 'node:readline/promises'
import { CommandError } from './command-error.js'

/** Asks `question`, unless `--yes` was given. Throws `not_confirmed`, also where nobody can be asked. */
export async function confirm(yes: true | undefined, question: string): Promise<void> {
  if (yes) return
  const detail = `nothing was done; --yes does it without asking: ${question}`
  const refusal = new CommandError('not_confirmed', detail)
  if (!process.stdin.isTTY) throw refusal
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question}? [y/N] `).finally(() => terminal.close())
  if (answer.trim().toLowerCase() !== 'y') throw refusal
}
