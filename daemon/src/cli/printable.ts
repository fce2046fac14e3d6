/** Text for a terminal: what others said may not move the cursor or forge a line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, escaped)
}

/** What others wrote, on the line that it is shown on, and read in the direction of that line. */
export function printableLine(text: string): string {
  return text.replaceAll(NOT_OF_A_LINE, escaped)
}

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** C0 but for the end of a line, DEL and C1. */
const CONTROL = /[^\P{Cc}\n]/gu
/** Controls, ends of lines and paragraphs, lone surrogates, and what turns the direction of text. */
const NOT_OF_A_LINE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu
