import { encodeQR } from 'qr'

/** Light and dark modules of two rows on one line of text; light ones are drawn, for dark terminals. */
const HALVES = { light: '█', lightAbove: '▀', lightBelow: '▄', dark: ' ' } as const
/** White on black, whatever the colours of the terminal are. */
const [COLOURS, PLAIN] = ['\x1b[97;40m', '\x1b[0m']
/** Light modules around the code: four are asked for, two are enough on a screen. */
const BORDER = 2

/**
 * A QR code of `text` in half blocks, a line per two rows; capitals make it smaller, and mean the same in
 * an invoice (INVOICE-1). `coloured`: for a terminal. `undefined`: it is wider than `columns`.
 */
export function terminalQr(
  text: string,
  { columns, coloured }: { readonly columns: number; readonly coloured: boolean },
): string | undefined {
  const rows = encodeQR(text.toUpperCase(), 'raw', { ecc: 'low', border: BORDER })
  const width = rows[0]?.length ?? 0
  if (width > columns) return undefined
  const lines: string[] = []
  for (let y = 0; y < rows.length; y += 2) {
    let line = ''
    for (let x = 0; x < width; x++) line += half(isDark(rows, x, y), isDark(rows, x, y + 1))
    lines.push(coloured ? `${COLOURS}${line}${PLAIN}` : line)
  }
  return lines.join('\n')
}

/** What is below the last row is as light as the border. */
function isDark(rows: readonly (readonly boolean[])[], x: number, y: number): boolean {
  return rows[y]?.[x] ?? false
}

function half(darkAbove: boolean, darkBelow: boolean): string {
  if (darkAbove) return darkBelow ? HALVES.dark : HALVES.lightBelow
  return darkBelow ? HALVES.lightAbove : HALVES.light
}
