/**
 * Why `printed` is not what a document says, or `undefined` where it is: line by line, where `…` stands for anything
 * within a line, and a line that is nothing else for any number of lines.
 */
export function differenceOf(
  printed: readonly string[],
  expected: readonly string[],
): string | undefined {
  const pattern = expected.map((line) => (line === '…' ? '(?:.*\\n)*?' : `${patternOf(line)}\\n`))
  const text = printed.map((line) => `${line}\n`).join('')
  if (new RegExp(`^${pattern.join('')}$`).test(text)) return undefined
  const said = expected.map((line) => `  | ${line}`).join('\n')
  return `it prints\n${printed.map((line) => `  | ${line}`).join('\n')}\nand not\n${said}`
}

/** Lines of a text, without the end of the last. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function patternOf(line: string): string {
  return line
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+')
}
