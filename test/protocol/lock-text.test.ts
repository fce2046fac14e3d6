import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Alternative,
  compileLock,
  formatLock,
  isRejection,
  type Lock,
  type LockExpression,
  lockRoot,
  type PublicKey,
  parseLock,
  TIMESTAMP_MAX,
  type Timestamp,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { conditionArbitrary, expressionArbitrary, KEYS, lockArbitrary } from './lock-arbitrary.js'

const [A, B] = KEYS as [PublicKey, PublicKey]
const H = '5f'.repeat(32)

function parsed(text: string): Lock {
  const lock = parseLock(text)
  if (isRejection(lock)) assert.fail(`${lock.code}: ${lock.detail}`)
  return lock
}

describe('LOCK-5 the text of a lock', () => {
  test('says any and all only where there is more than one', () => {
    const key = { kind: 'key', publicKey: A } as const
    const older = { kind: 'older', seconds: 7_776_000 } as const
    const multi = { kind: 'multi', threshold: 2, publicKeys: [A, B] } as const
    const by = 1_798_804_800 as Timestamp
    const table: readonly (readonly [Lock, string])[] = [
      [[[key]], `key(${A})`],
      [[[key, older]], `all(key(${A}), older(90d))`],
      [[[key], [older]], `any(key(${A}), older(90d))`],
      [[[key], [multi, older]], `any(key(${A}), all(multi(2, ${A}, ${B}), older(90d)))`],
      [[[{ kind: 'revealed', anchor: H as never, by }]], `revealed(${H}, 2027-01-01T12:00:00Z)`],
      [
        [[{ kind: 'unrevealed', anchor: H as never, by }]],
        `unrevealed(${H}, 2027-01-01T12:00:00Z)`,
      ],
    ]
    for (const [lock, text] of table) {
      assert.equal(formatLock(lock), text)
      assert.deepEqual(parsed(text), lock)
    }
  })

  test('gives back exactly the lock that it was made of, also one that repeats itself', () => {
    fc.assert(
      fc.property(lockArbitrary, (lock) => {
        const text = formatLock(lock)
        assert.deepEqual(parsed(text), lock)
        assert.equal(formatLock(parsed(text)), text)
        assert.equal(lockRoot(parsed(text)), lockRoot(lock))
      }),
    )
  })

  test('gives back the largest lock', () => {
    const publicKeys = Array.from({ length: 16 }, (_, i) => `${i + 10}`.repeat(32) as PublicKey)
    const alternative: Alternative = Array(8).fill({ kind: 'multi', threshold: 16, publicKeys })
    const lock: Lock = Array(256).fill(alternative)
    const text = formatLock(lock)
    assert.equal(text.length, 2_186_499)
    assert.deepEqual(parsed(text), lock)
  })

  test('differs for two locks that differ', () => {
    fc.assert(
      fc.property(lockArbitrary, lockArbitrary, (one, other) => {
        assert.equal(formatLock(one) === formatLock(other), lockRoot(one) === lockRoot(other))
      }),
    )
  })

  test('LOCK-4 of an expression means what the expression compiles to, however it is spaced', () => {
    const blank = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
    fc.assert(
      fc.property(expressionArbitrary, fc.infiniteStream(blank), (expression, blanks) => {
        const written = textOf(expression)
        const spaced = written.replace(/[(),]|$/g, (mark) => {
          return `${blanks.next().value}${mark}${blanks.next().value}`
        })
        const lock = compileLock(expression)
        const fromText = parseLock(spaced)
        if (isRejection(lock)) {
          assert.ok(isRejection(fromText))
          assert.equal(fromText.code, lock.code)
        } else {
          assert.deepEqual(fromText, lock)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('takes the keys of a multi in any order', () => {
    assert.deepEqual(parsed(`multi(1,${B},${A})`), parsed(`multi(1, ${A}, ${B})`))
  })
})

describe('LOCK-5 a time', () => {
  const table: readonly (readonly [text: string, seconds: number, canonical: string])[] = [
    ['0', 0, '1970-01-01'],
    ['1970-01-01', 0, '1970-01-01'],
    ['86399', 86_399, '1970-01-01T23:59:59Z'],
    ['1999-12-31T23:59:59Z', 946_684_799, '1999-12-31T23:59:59Z'],
    ['2000-02-29', 951_782_400, '2000-02-29'],
    ['2000-03-01', 951_868_800, '2000-03-01'],
    ['2027-01-01', 1_798_761_600, '2027-01-01'],
    ['2027-01-01T12:00:00Z', 1_798_804_800, '2027-01-01T12:00:00Z'],
    ['2028-02-29T00:00:00Z', 1_835_395_200, '2028-02-29'],
    ['2100-02-28', 4_107_456_000, '2100-02-28'],
    ['2100-03-01', 4_107_542_400, '2100-03-01'],
    ['9999-12-31T23:59:59Z', 253_402_300_799, '9999-12-31T23:59:59Z'],
    ['253402300800', 253_402_300_800, '253402300800'],
    ['1099511627775', TIMESTAMP_MAX, '1099511627775'],
  ]
  for (const [text, seconds, canonical] of table) {
    test(`${text} is second ${seconds}`, () => {
      const lock = parsed(`after(${text})`)
      assert.deepEqual(lock, [[{ kind: 'after', time: seconds }]])
      assert.equal(formatLock(lock), `after(${canonical})`)
    })
  }

  test('is the UTC time of the civil calendar, at any second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        const iso = new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
        assert.deepEqual(parsed(`after(${iso})`), [[{ kind: 'after', time: seconds }]])
        const written = formatLock([[{ kind: 'after', time: seconds as Timestamp }]])
        assert.equal(written, `after(${iso.replace('T00:00:00Z', '')})`)
      }),
    )
  })

  test('that has passed for a coin is told in its largest whole unit', () => {
    for (const [text, seconds, canonical] of [
      ['0', 0, '0s'],
      ['90', 90, '90s'],
      ['90s', 90, '90s'],
      ['120', 120, '2m'],
      ['90m', 5_400, '90m'],
      ['24h', 86_400, '1d'],
      ['90d', 7_776_000, '90d'],
      ['4294967295', 4_294_967_295, '4294967295s'],
    ] as const) {
      const lock = parsed(`older(${text})`)
      assert.deepEqual(lock, [[{ kind: 'older', seconds }]])
      assert.equal(formatLock(lock), `older(${canonical})`)
    }
  })
})

describe('LOCK-5 text that is no lock is refused at the place where it stops being one:', () => {
  const K = `key(${A})`
  const NAMES = 'any, all, key, multi, after, older, revealed or unrevealed'
  const NO_KEY = 'a key of 64 lower-case hex digits, not'
  const table: readonly (readonly [text: string, offset: number, expected: string])[] = [
    ['', 0, NAMES],
    ['  ', 2, NAMES],
    ['never(1)', 0, NAMES],
    ['any()', 4, NAMES],
    [`any(${K}, )`, 75, NAMES],
    [`any(${K},, ${K})`, 74, NAMES],
    ['any', 3, 'a ('],
    [`any ${K}`, 4, 'a ('],
    [`any(${K} ${K})`, 74, 'a comma or )'],
    [`any(${K}`, 73, 'a comma or )'],
    [`${K})`, 69, 'the end'],
    [`${K} ${K}`, 70, 'the end'],
    ['key(abc)', 7, `${NO_KEY} 3`],
    [`key(${A.toUpperCase()})`, 5, `${NO_KEY} 1`],
    [`key(0x${A})`, 5, `${NO_KEY} 1`],
    [`key(${A}0)`, 68, 'a )'],
    [`multi(${A})`, 7, 'a comma'],
    [`multi(x, ${A})`, 6, 'a threshold: a number of keys'],
    [`multi(2)`, 7, 'a comma'],
    [`multi(2, ${A})`, 6, 'a threshold from 1 to 1, the number of keys'],
    [`multi(0, ${A})`, 6, 'a threshold from 1 to 1, the number of keys'],
    [`multi(1, ${A}, ${A})`, 75, 'a key that was not listed before'],
    ['after()', 6, 'a time: 2027-01-01, 2027-01-01T12:00:00Z or seconds'],
    ['after(1099511627776)', 6, 'a time of at most 1099511627775 seconds'],
    ['after(1969-12-31)', 6, 'a year from 1970 to 9999'],
    ['after(27-01-01)', 6, 'a year from 1970 to 9999'],
    ['after(2027-1-01)', 11, 'a month from 01 to 12'],
    ['after(2027-13-01)', 11, 'a month from 01 to 12'],
    ['after(2027-02-29)', 14, 'a day from 01 to 28'],
    ['after(2100-02-29)', 14, 'a day from 01 to 28'],
    ['after(2027-04-31)', 14, 'a day from 01 to 30'],
    ['after(2027-01)', 13, '-'],
    ['after(2027-01-01T24:00:00Z)', 17, 'an hour from 00 to 23'],
    ['after(2027-01-01T12:60:00Z)', 20, 'a minute from 00 to 59'],
    ['after(2027-01-01T12:00:60Z)', 23, 'a second from 00 to 59'],
    ['after(2027-01-01T12:00Z)', 22, ':'],
    ['after(2027-01-01T12:00:00+01:00)', 25, 'Z, for UTC'],
    ['after(-1)', 6, 'a time: 2027-01-01, 2027-01-01T12:00:00Z or seconds'],
    ['older(90y)', 8, 'a unit: d, h, m or s'],
    ['older(1.5h)', 7, 'a )'],
    ['older(4294967296)', 6, 'a duration of at most 4294967295 seconds'],
    ['older(49711d)', 6, 'a duration of at most 4294967295 seconds'],
    [`revealed(${H})`, 73, 'a comma'],
    [`revealed(${H.slice(2)}, 0)`, 71, 'a hash of 64 lower-case hex digits, not 62'],
    [`unrevealed(${H}, soon)`, 77, 'a time: 2027-01-01, 2027-01-01T12:00:00Z or seconds'],
  ]
  for (const [text, offset, expected] of table) {
    test(`${JSON.stringify(text.replaceAll(A, 'ab..'))} at ${offset}`, () => {
      const refused = parseLock(text)
      assert.ok(isRejection(refused), 'the text is refused')
      assert.deepEqual(
        [refused.code, refused.offset, refused.expected],
        ['lock_text_malformed', offset, expected],
      )
    })
  }

  test('with line and column, and a sentence for people', () => {
    const refused = parseLock('any(\n  older(1),\r\n  older(x)\n)')
    assert.ok(isRejection(refused))
    assert.deepEqual([refused.offset, refused.line, refused.column], [26, 3, 9])
    assert.equal(
      refused.detail,
      'expected a duration: 90d, 12h, 30m, 45s or seconds at 26 (line 3, column 9), found "x"',
    )
    const ended = parseLock('older(1')
    assert.ok(isRejection(ended))
    assert.equal(ended.detail, 'expected a ) at 7 (line 1, column 8), found the end')
  })

  test('LIM-1 what becomes larger than a lock, at the group that does', () => {
    const ages = (count: number) => Array.from({ length: count }, (_, i) => `older(${i})`).join()
    const pairs = (count: number) =>
      Array.from({ length: count }, (_, i) => `any(older(${2 * i}),older(${2 * i + 1}))`).join()
    for (const [text, code, offset] of [
      [`all(older(1),any(${ages(257)}))`, 'lock_too_many_alternatives', 13],
      [`all(${pairs(9)})`, 'lock_too_many_alternatives', 0],
      [`any(older(1), all(${ages(9)}))`, 'lock_too_many_conditions', 14],
      ['all('.repeat(17), 'lock_too_deep', 64],
      [`all(${'older(1),'.repeat(4_000)}`, 'lock_too_large', 4 + 9 * 2_048],
      [`older(1)${' '.repeat(2 ** 22)}`, 'lock_text_too_long', 2 ** 22],
    ] as const) {
      const refused = parseLock(text)
      assert.ok(isRejection(refused))
      assert.deepEqual([refused.code, refused.offset], [code, offset])
    }
    assert.equal(parsed(`older(1)${' '.repeat(2 ** 22 - 8)}`).length, 1)
    assert.equal(parsed(`${'any('.repeat(16)}older(1)${')'.repeat(16)}`).length, 1)
  })

  test('ENC-5 the seventeenth key of a multi, and of sixty thousand', () => {
    const keys = (count: number) =>
      Array.from({ length: count }, (_, i) => i.toString(16).padStart(64, '0')).join()
    assert.equal(parsed(`multi(1,${keys(16)})`).length, 1)
    for (const count of [17, 60_000]) {
      const refused = parseLock(`multi(1,${keys(count)})`)
      assert.ok(isRejection(refused))
      assert.equal(refused.offset, 8 + 16 * 65)
    }
  })

  test('INV-23 mutants and noise give a lock or a place, and never anything else', () => {
    const piece = fc.constantFrom(
      ...['any', 'all', 'key', 'multi', 'after', 'older', 'revealed', '(', ')', ',', ' ', '\n'],
      ...[A, H, '2', '2027-01-01', '90d', 'T', 'Z', '-', ':', 'é', '\u{1f4b7}', '\ud800', '\0'],
    )
    const noise = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
    const mutant = fc
      .record({
        lock: lockArbitrary,
        at: fc.nat(),
        cut: fc.nat(3),
        insert: fc.oneof(piece, fc.string()),
      })
      .map(({ lock, at, cut, insert }) => {
        const text = formatLock(lock)
        const start = at % (text.length + 1)
        return text.slice(0, start) + insert + text.slice(start + cut)
      })
    let [locks, refusals] = [0, 0]
    fc.assert(
      fc.property(fc.oneof(noise, mutant, fc.string()), (text) => {
        const outcome = parseLock(text)
        if (!isRejection(outcome)) {
          locks++
          assert.deepEqual(parsed(formatLock(outcome)), outcome)
          return
        }
        refusals++
        const { offset, line, column } = outcome
        assert.ok(offset >= 0 && offset <= text.length)
        const lines = text.split('\n')
        const before = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0)
        assert.equal(before + column - 1, offset)
        assert.ok(column - 1 <= (lines[line - 1]?.length ?? -1))
      }),
      { numRuns: 3_000 },
    )
    assert.ok(locks > 0 && refusals > 500, `${locks} locks, ${refusals} refusals`)
  })

  test('a cut text is refused at the cut or before it', () => {
    fc.assert(
      fc.property(conditionArbitrary, fc.nat(), (condition, at) => {
        const text = formatLock([[condition], [condition, condition]])
        const refused = parseLock(text.slice(0, at % text.length))
        assert.ok(isRejection(refused))
        assert.ok(refused.offset <= at % text.length)
      }),
    )
  })
})

/** An expression as people write it, every group spelled out. */
function textOf(expression: LockExpression): string {
  if (expression.kind !== 'any' && expression.kind !== 'all') return formatLock([[expression]])
  return `${expression.kind}(${expression.of.map(textOf).join(',')})`
}

test('LOCK-5 what is no text is refused by name, not thrown out', () => {
  for (const [value, found] of [
    [undefined, 'undefined'],
    [null, 'object'],
    [7, 'number'],
    [{ length: 3 }, 'object'],
  ] as const) {
    const refused = parseLock(value as never)
    assert.ok(isRejection(refused))
    assert.deepEqual(
      [refused.code, refused.detail, refused.offset, refused.line, refused.column],
      ['lock_text_malformed', `expected a text, found ${found}`, 0, 1, 1],
    )
  }
})
