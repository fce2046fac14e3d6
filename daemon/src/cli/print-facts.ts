import { printable } from './printable.js'

/** Prints what a command found: one JSON object on one line, or text for people. */
export function printFacts(json: true | undefined, facts: object, text: string): void {
  process.stdout.write(`${json === true ? JSON.stringify(facts) : printable(text)}\n`)
}
