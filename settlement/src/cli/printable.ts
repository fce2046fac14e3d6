/** Text for a terminal: what a node said may not move the cursor or forge a line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** C0 but for the end of a line, DEL and C1. */
const CONTROL = /[^\P{Cc}\n]/gu
