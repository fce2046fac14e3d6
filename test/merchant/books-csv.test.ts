import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { type BookRow, CSV_HEADER, csvLine } from '#merchant/books/books-csv.js'

const row = (text: string): BookRow => ({
  ...{ time: 1_700_000_000, kind: 'sale', reference: 'inv_1', account: 'acct_main' },
  ...{ ledger: '0', channels: '-5', ledger_balance: '0', channels_balance: '9223372036854775807' },
  text,
})

describe('BOOKS-1 an export', () => {
  test('is read back as it was written, whatever people wrote', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (texts) => {
        const csv = CSV_HEADER + texts.map((text) => csvLine(row(text))).join('')
        const read: Record<string, string>[] = parse(csv, {
          columns: true,
          relax_column_count: false,
        })
        assert.deepEqual(
          read.map(({ text = '' }) => text.replace(/^'(?=\s*[=+\-@\t\r])/, '')),
          texts.map((text) => text),
        )
        assert.ok(read.every(({ channels }) => channels === '-5'))
      }),
    )
  })

  test('has no text that a spreadsheet would run', () => {
    for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', " =cmd|' /C calc'!A0"]) {
      const [read = {}]: Record<string, string>[] = parse(CSV_HEADER + csvLine(row(text)), {
        columns: true,
      })
      assert.equal(read['text'], `'${text}`)
    }
  })
})
