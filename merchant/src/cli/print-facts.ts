/** Prints what a command found: one JSON object on one line, or text for people. */
export function printFacts(json: true | undefined, facts: object, text: string): void {
  process.stdout.write(`${json === true ? JSON.stringify(facts) : printable(text)}\n`)
}

/** Text for a terminal: what others said may not move the cursor or forge a line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** C0 but for the end of a line, DEL and C1. */
const CONTROL = /[^\P{Cc}\n]/gu
