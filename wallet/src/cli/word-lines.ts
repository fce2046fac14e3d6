import type { Mnemonic } from '@tallystick/protocol'

/** Words in a row. */
const IN_A_ROW = 4

/** Words as people write them down: numbered, four to a line. */
export function wordLines(words: Mnemonic): readonly string[] {
  const numbered = words.split(' ').map((word, index) => {
    return `${String(index + 1).padStart(2)} ${word.padEnd(10)}`
  })
  const lines: string[] = []
  for (let index = 0; index < numbered.length; index += IN_A_ROW) {
    lines.push(
      `  ${numbered
        .slice(index, index + IN_A_ROW)
        .join('')
        .trimEnd()}`,
    )
  }
  return [
    'These words are the wallet: who has them has the money, and who loses them loses it.',
    ...lines,
  ]
}
