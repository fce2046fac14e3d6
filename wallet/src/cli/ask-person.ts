import { createInterface } from 'node:readline/promises'
import { interrupted } from './interrupted.js'

/** Whether somebody is there to be asked. */
export function isSomebodyThere(): boolean {
  return process.stdin.isTTY === true
}

/**
 * Asks on the terminal, beside the output; `undefined`: there was no answer (Ctrl-D). Throws
 * `interrupted` on Ctrl-C.
 */
export async function askPerson(question: string): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await new Promise((answer, refuse) => {
      terminal.once('SIGINT', () => {
        process.stderr.write('\n')
        refuse(interrupted('nothing was done'))
      })
      terminal.once('close', () => answer(undefined))
      terminal.question(question).then(answer, refuse)
    })
  } finally {
    terminal.close()
  }
}
