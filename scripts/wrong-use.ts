/**
 * Says on standard error what was asked for wrongly; where JSON is asked for, also as one object on
 * standard output, so that whoever reads that finds one.
 */
export function tellWrongUse(said: string, json: boolean): void {
  process.stderr.write(`${said.trimEnd()}\n`)
  if (!json) return
  const detail = said
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
  process.stdout.write(`${JSON.stringify({ error: { code: 'usage', detail } })}\n`)
}

/** What commander is told to do with an error: the command line itself says whether JSON is due. */
export const WRONG_USE = {
  outputError: (text: string) => tellWrongUse(text, process.argv.includes('--json')),
}
