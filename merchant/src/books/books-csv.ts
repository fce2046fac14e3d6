/** A row of an export; amounts as decimal text of base units. */
export type BookRow = {
  readonly time: number
  readonly kind: string
  readonly reference: string
  readonly account: string
  readonly ledger: string
  readonly channels: string
  readonly text: string
  readonly ledger_balance: string
  readonly channels_balance: string
}

const COLUMNS = [
  ...(['time', 'kind', 'reference', 'account', 'ledger', 'channels'] as const),
  ...(['ledger_balance', 'channels_balance', 'text'] as const),
] as const

/** The first line of an export. */
export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/**
 * A line of an export (RFC 4180): amounts as digits, time as ISO 8601. Text that a spreadsheet would run as a formula
 * gets an apostrophe in front, which spreadsheets do not show.
 */
export function csvLine(row: BookRow): string {
  const cells = COLUMNS.map((column) => {
    if (column === 'time') return new Date(1_000 * row.time).toISOString()
    if (column === 'text') return quoted(withoutFormula(row.text))
    return quoted(row[column])
  })
  return `${cells.join(',')}\r\n`
}

function withoutFormula(text: string): string {
  return /^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
