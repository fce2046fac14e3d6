import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What cites an invariant: `INV-12`, in the title of a test or beside it. */
const CITATION = /\bINV-([0-9]+)\b/g
/** A row of the table of invariants; the last cell says which tests try it. */
const ROW = /^(\| \*\*INV-([0-9]+)\*\* \| .* \|) [^|]* \|$/gm
/** The sentence that sums the table up. */
const SUMMARY = /(?:\d+ of the \d+ are|All \d+ are)\s+(?:not )?tried(?: yet)?\./

/** The tests below `folder` that cite each invariant, as paths without `.test.ts`. */
export function citingTests(folder: string): ReadonlyMap<number, readonly string[]> {
  const citing = new Map<number, string[]>()
  for (const path of testsBelow(folder, '')) {
    const text = readFileSync(join(folder, path), 'utf8')
    const numbers = new Set([...text.matchAll(CITATION)].map(([, number]) => Number(number)))
    for (const number of numbers) {
      citing.set(number, [...(citing.get(number) ?? []), path.replace(/\.test\.ts$/, '')])
    }
  }
  return citing
}

/** `document` with the last cell of every invariant's row, and the summary, as `citing` has them. */
export function withTriedBy(
  document: string,
  citing: ReadonlyMap<number, readonly string[]>,
): string {
  let [invariants, untried] = [0, 0]
  const rows = document.replace(ROW, (_, row: string, number: string) => {
    const tests = citing.get(Number(number))
    invariants++
    if (tests === undefined) untried++
    return `${row} ${tests?.map((test) => `\`${test}\``).join(', ') ?? 'not yet'} |`
  })
  const summary =
    untried === 0
      ? `All ${invariants} are tried.`
      : `${untried} of the ${invariants} are\nnot tried yet.`
  if (!SUMMARY.test(rows)) throw new Error('the document does not sum the table up')
  return rows.replace(SUMMARY, summary)
}

function testsBelow(folder: string, under: string): string[] {
  return readdirSync(join(folder, under), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = under === '' ? entry.name : `${under}/${entry.name}`
      if (entry.isDirectory()) return entry.name === 'dist' ? [] : testsBelow(folder, path)
      return path.endsWith('.test.ts') ? [path] : []
    })
}
