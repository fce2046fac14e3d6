import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NotAnOrderFile, readOrders } from '#scripts/replay/orders.js'

const POUND = { code: 'GBP', decimals: 6 }
const HEADER = 'order_id,placed_at,customer_id,country,currency,total,lines'
const bytes = (text: string) => new TextEncoder().encode(text)

function line(
  change: Partial<Record<'id' | 'at' | 'customer' | 'currency' | 'total', string>> = {},
) {
  const { id = 'A1', at = '2010-12-01T08:26:00Z', customer = '17850', currency = 'GBP' } = change
  return `${id},${at},${customer},United Kingdom,${currency},${change.total ?? '139.12'},7`
}

/** What becomes of one data line behind the header. */
function reasonFor(text: string): string | undefined {
  const { rejected } = readOrders(bytes(`${HEADER}\n${text}\n`), POUND)
  assert.ok(rejected.every((each) => each.line === 2))
  return rejected[0]?.reason
}

describe('an order export', () => {
  test('gives orders in base units; zero, refunds and guests are orders too', () => {
    const text = [
      HEADER,
      line(),
      line({ id: 'C2', total: '-4.5' }),
      line({ id: 'A3', customer: '', total: '0' }),
    ].join('\r\n')
    assert.deepEqual(readOrders(bytes(`\ufeff${text}\r\n\r\n`), POUND).orders, [
      { line: 2, id: 'A1', customer: '17850', total: 139_120_000n },
      { line: 3, id: 'C2', customer: '17850', total: -4_500_000n },
      { line: 4, id: 'A3', customer: undefined, total: 0n },
    ])
  })

  test('without the seven columns is none', () => {
    for (const text of ['', 'order_id,total\nA1,1\n', '\0\0\0', `"${HEADER}\n`]) {
      assert.throws(() => readOrders(bytes(text), POUND), NotAnOrderFile)
    }
    assert.deepEqual(readOrders(bytes(HEADER), POUND).orders, [])
  })

  test('with a line that makes no sense loses that line only, by its number', () => {
    const text = [HEADER, line(), `"${line({ id: 'A2' })}`, line({ id: 'A3' })].join('\n')
    const { orders, rejected } = readOrders(bytes(text), POUND)
    assert.deepEqual(
      orders.map(({ id }) => id),
      ['A1', 'A3'],
    )
    assert.deepEqual(
      rejected.map((each) => each.line),
      [3],
    )
  })

  const NONSENSE: readonly (readonly [why: string, text: string, reason: RegExp])[] = [
    ['a day that no calendar has', line({ at: '2010-02-30T08:00:00Z' }), /placed_at/],
    ['a time without a zone', line({ at: '2010-12-01T08:26:00' }), /placed_at/],
    ['a blank customer', line({ customer: '  ' }), /customer_id is blank/],
    ['another currency', line({ currency: 'EUR' }), /currency/],
    ['an exponent', line({ total: '1e3' }), /total/],
    ['more decimals than the asset', line({ total: '0.0000001' }), /total/],
    ['more than a shop takes', line({ total: '1000000001' }), /more than a shop takes/],
    ['no id', line({ id: '' }), /order_id/],
    ['a field too few', 'A1,2010-12-01T08:26:00Z', /2 fields instead of 7/],
  ]
  for (const [why, text, reason] of NONSENSE) {
    test(`refuses a line with ${why}`, () => assert.match(reasonFor(text) ?? '', reason))
  }

  test('refuses a line that is not UTF-8, so that two customers never become one', () => {
    const bad = [0xff, 0xfe].map((byte) => {
      const [before = '', after = ''] = line({ customer: '?' }).split('?')
      return [...bytes(before), byte, ...bytes(`${after}\n`)]
    })
    const file = Uint8Array.from([...bytes(`${HEADER}\n`), ...bad.flat()])
    const { orders, rejected } = readOrders(file, POUND)
    assert.deepEqual([orders.length, rejected.length], [0, 2])
  })

  test('refuses the second line of one order, and what is beyond the count of one ledger', () => {
    assert.match(
      readOrders(bytes([HEADER, line(), line()].join('\n')), POUND).rejected[0]?.reason ?? '',
      /was there before/,
    )
    const huge = Array.from({ length: 101 }, (_, i) => line({ id: `A${i}`, total: '1000000000' }))
    const { orders, rejected } = readOrders(bytes([HEADER, ...huge].join('\n')), POUND)
    assert.deepEqual([orders.length, rejected.length], [100, 1])
    assert.match(rejected[0]?.reason ?? '', /more than one ledger can count/)
  })
})
