import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Condition,
  compileLock,
  isRejection,
  type Lock,
  type LockExpression,
  lockExpression,
  lockRoot,
  type PublicKey,
  timestamp,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { expressionArbitrary, KEYS } from './lock-arbitrary.js'

const { any, all, key, multi, after, older } = lockExpression
const [a, b, c, d] = KEYS.map((publicKey) => key(publicKey)) as [
  LockExpression,
  LockExpression,
  LockExpression,
  LockExpression,
]

function compiled(expression: LockExpression): Lock {
  const lock = compileLock(expression)
  if (isRejection(lock)) assert.fail(`${lock.code}: ${lock.detail}`)
  return lock
}

/** The code that an expression is refused with. */
function refusal(expression: LockExpression): string {
  const lock = compileLock(expression)
  assert.ok(isRejection(lock), 'the expression is refused')
  return lock.code
}

function repeated<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

describe('LOCK-4 an expression compiles', () => {
  test('to the alternatives of its any, in order', () => {
    const lock = compiled(any(key('0a'.repeat(32) as PublicKey), all(b, after(timestamp(9)))))
    assert.deepEqual(lock, [
      [{ kind: 'key', publicKey: '0a'.repeat(32) }],
      [
        { kind: 'key', publicKey: '1b'.repeat(32) },
        { kind: 'after', time: 9 },
      ],
    ])
  })

  test('with all distributed over any, the first group changing slowest', () => {
    assert.deepEqual(compiled(all(any(a, b), any(c, d))), [
      [a, c],
      [a, d],
      [b, c],
      [b, d],
    ])
    assert.deepEqual(compiled(any(all(a, any(b, all(c, d))), d)), [[a, b], [a, c, d], [d]])
  })

  test('with groups of one and groups of the same kind taken apart', () => {
    assert.deepEqual(compiled(any(any(all(any(a)), b), all(all(c), all(d, a)))), [
      [a],
      [b],
      [c, d, a],
    ])
  })

  test('with what distribution repeats in an alternative dropped, and what is listed kept', () => {
    assert.deepEqual(compiled(all(a, any(b, a), any(a, c))), [[a, b], [a, b, c], [a], [a, c]])
    assert.deepEqual(compiled(all(a, a)), [[a, a]])
    assert.deepEqual(compiled(any(a, a)), [[a], [a]])
  })

  test('with the keys of a multi in their one order', () => {
    const [first, second, third] = KEYS as [PublicKey, PublicKey, PublicKey]
    assert.deepEqual(compiled(multi(2, third, first, second)), [
      [{ kind: 'multi', threshold: 2, publicKeys: [first, second, third] }],
    ])
  })

  test('to a lock that holds exactly when the expression does, whatever holds', () => {
    let compiledOnes = 0
    fc.assert(
      fc.property(expressionArbitrary, fc.infiniteStream(fc.boolean()), (expression, coins) => {
        const truths = new Map<string, boolean>()
        const holds = (condition: Condition): boolean => {
          const name = JSON.stringify(condition)
          const known = truths.get(name) ?? coins.next().value === true
          truths.set(name, known)
          return known
        }
        const isTrue = (part: LockExpression): boolean => {
          if (part.kind === 'any') return part.of.some(isTrue)
          return part.kind === 'all' ? part.of.every(isTrue) : holds(part)
        }
        const lock = compileLock(expression)
        if (isRejection(lock)) return
        compiledOnes++
        for (let round = 0; round < 8; round++) {
          truths.clear()
          assert.equal(
            lock.some((alternative) => alternative.every(holds)),
            isTrue(expression),
          )
        }
        // What compiles is a lock that the codec writes.
        assert.equal(lockRoot(lock).length, 64)
      }),
      { numRuns: 500 },
    )
    assert.ok(compiledOnes > 100, `${compiledOnes} expressions compiled`)
  })
})

describe('LIM-1 an expression is refused by name', () => {
  const ages = (count: number) => repeated(count, (i) => older(i))

  test('lock_too_many_alternatives: 257 of them, listed or multiplied out', () => {
    assert.equal(compiled(any(...ages(256))).length, 256)
    assert.equal(refusal(any(...ages(257))), 'lock_too_many_alternatives')
    const pairs = (count: number) => repeated(count, (i) => any(older(2 * i), older(2 * i + 1)))
    assert.equal(compiled(all(...pairs(8))).length, 256)
    assert.equal(refusal(all(...pairs(9))), 'lock_too_many_alternatives')
    assert.equal(refusal(all(...pairs(1_000))), 'lock_too_many_alternatives')
  })

  test('lock_too_many_conditions: nine in one alternative, listed or brought together', () => {
    assert.deepEqual(
      compiled(all(...ages(8))).map(({ length }) => length),
      [8],
    )
    assert.equal(refusal(all(...ages(9))), 'lock_too_many_conditions')
    assert.equal(refusal(all(all(...ages(8)), any(a, b))), 'lock_too_many_conditions')
    assert.deepEqual(
      compiled(all(all(...ages(8)), older(3))).map(({ length }) => length),
      [8],
    )
  })

  test('lock_too_deep: seventeen groups inside one another, before anything is compiled', () => {
    const nested = (groups: number) =>
      repeated(groups, (i) => i).reduce<LockExpression>((inner) => any(inner), a)
    assert.deepEqual(compiled(nested(16)), [[a]])
    assert.equal(refusal(nested(17)), 'lock_too_deep')
    const endless = { kind: 'all', of: [] as LockExpression[] } as const
    endless.of.push(endless)
    assert.equal(refusal(endless), 'lock_too_deep')
  })

  test('lock_too_large: 2,049 conditions, and 100^16 of them that are one object', () => {
    const same = (count: number) => all(any(a, b), ...repeated(count - 2, () => a))
    assert.deepEqual(compiled(same(2_048)), [[a], [b, a]])
    assert.equal(refusal(same(2_049)), 'lock_too_large')
    const shared = repeated(16, (i) => i).reduce<LockExpression>(
      (inner) => any(...repeated(100, () => inner)),
      a,
    )
    assert.equal(refusal(shared), 'lock_too_large')
  })

  test('lock_empty: a group of nothing', () => {
    assert.equal(refusal(any()), 'lock_empty')
    assert.equal(refusal(any(a, all())), 'lock_empty')
  })

  test('lock_condition_malformed: ENC-5 a multi or an older that no coin could carry', () => {
    const [first, second] = KEYS as [PublicKey, PublicKey]
    const many = (count: number) =>
      repeated(count, (i) => i.toString(16).padStart(64, '0') as PublicKey)
    assert.equal(compiled(multi(16, ...many(16))).length, 1)
    for (const wrong of [
      multi(1),
      multi(0, first),
      multi(2, first),
      multi(1.5, first, second),
      multi(1, first, first),
      multi(1, ...many(17)),
      older(-1),
      older(0.5),
      older(2 ** 32),
    ]) {
      assert.equal(refusal(all(a, wrong)), 'lock_condition_malformed')
    }
  })
})

describe('LOCK-4 whatever a builder is given', () => {
  const hash = 'ab'.repeat(32)
  const malformed: readonly (readonly [says: RegExp, value: unknown])[] = [
    [/argument 1 of key has to be a key of 64 /, key('xyz' as never)],
    [/argument 1 of key /, key(undefined as never)],
    [/argument 1 of key /, key('AB'.repeat(32) as never)],
    [/argument 1 of key /, key([hash] as never)],
    [
      /argument 1 of after has to be a time: whole seconds from 0 to 1099511627775/,
      after(-5 as never),
    ],
    [/argument 1 of after /, after(1.5 as never)],
    [/argument 1 of after /, after((2 ** 40) as never)],
    [/argument 1 of after /, after(5n as never)],
    [/argument 2 of multi has to be a key/, multi(1, 'ab' as never)],
    [/argument 3 of multi has to be a key/, multi(1, hash as never, null as never)],
    [/argument 1 of multi has to be a threshold from 1 to 1/, multi('1' as never, hash as never)],
    [
      /argument 1 of revealed has to be an anchor/,
      lockExpression.revealed('' as never, timestamp(5)),
    ],
    [/argument 2 of unrevealed /, lockExpression.unrevealed(hash as never, Number.NaN as never)],
    [/argument 1 of older /, older(undefined as never)],
    [/an expression is one of any, all, key/, any(undefined as never)],
    [/an expression is one of /, all('key' as never)],
    [/an expression is one of /, null],
    [/an expression is one of /, { kind: 'toString' }],
    [/any holds a list of expressions/, { kind: 'any' }],
    [/argument 2 of multi /, { kind: 'multi', threshold: 1 }],
  ]
  for (const [position, [says, value]] of malformed.entries()) {
    test(`is refused by the argument: ${says.source} (${position})`, () => {
      const refused = compileLock(value as LockExpression)
      assert.ok(isRejection(refused), 'it is refused')
      assert.equal(refused.code, 'lock_condition_malformed')
      assert.match(refused.detail, says)
    })
  }

  test('compiles to a lock that has bytes, or is refused by name: nothing throws', () => {
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }),
      fc.constantFrom(hash, 'xyz', '', -1, 0, 1, 1.5, 2 ** 32, 2 ** 40 - 1, 2 ** 40, Number.NaN),
    )
    const built = fc.letrec<{ expression: unknown }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        anything,
        fc
          .array(fc.oneof(fc.constant(hash), anything), { maxLength: 3 })
          .map(([one, two, three]) => {
            return multi(one as never, two as never, three as never)
          }),
        anything.map((value) => key(value as never)),
        anything.map((value) => after(value as never)),
        anything.map((value) => older(value as never)),
        fc
          .tuple(fc.oneof(fc.constant(hash), anything), anything)
          .map(([anchor, by]) => lockExpression.revealed(anchor as never, by as never)),
        fc.array(tie('expression'), { maxLength: 3 }).map((of) => any(...(of as never[]))),
        fc.array(tie('expression'), { maxLength: 3 }).map((of) => all(...(of as never[]))),
        fc.record({ kind: fc.constantFrom('any', 'all', 'multi', 'key'), of: anything }),
      ),
    })).expression
    const codes = new Set<string>()
    fc.assert(
      fc.property(built, (expression) => {
        const lock = compileLock(expression as LockExpression)
        if (isRejection(lock)) {
          assert.match(lock.code, /^lock_/)
          codes.add(lock.code)
        } else {
          assert.match(lockRoot(lock), /^[0-9a-f]{64}$/)
          codes.add('compiled')
        }
      }),
      { numRuns: 2_000 },
    )
    assert.ok(
      ['compiled', 'lock_empty', 'lock_condition_malformed'].every((code) => codes.has(code)),
    )
  })
})
