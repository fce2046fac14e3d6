import {
  type Anchor,
  type Condition,
  type Lock,
  type LockExpression,
  type PublicKey,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import fc from 'fast-check'

/** Few keys and hashes, so that equal conditions come up. */
export const KEYS = ['0a', '1b', '2c', '3d', '4e'].map((byte) => byte.repeat(32) as PublicKey)
const ANCHORS = ['5f', 'a0'].map((byte) => byte.repeat(32) as Anchor)

const time = fc
  .oneof(
    fc.integer({ min: 0, max: TIMESTAMP_MAX }),
    fc.integer({ min: 0, max: 100_000 }).map((day) => day * 86_400),
    fc.constantFrom(0, 253_402_300_799, 253_402_300_800, TIMESTAMP_MAX),
  )
  .map(timestamp)
const seconds = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0, 1, 59, 60, 3_600, 86_400, 90 * 86_400, 2 ** 32 - 1),
)
const multi = fc
  .record({ keys: fc.subarray(KEYS, { minLength: 1 }), share: fc.nat(4) })
  .map(({ keys, share }): Condition => {
    return { kind: 'multi', threshold: 1 + (share % keys.length), publicKeys: keys }
  })

/** Every condition that a lock may hold, in its one form. */
export const conditionArbitrary: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom(...KEYS).map((publicKey): Condition => ({ kind: 'key', publicKey })),
  multi,
  time.map((at): Condition => ({ kind: 'after', time: at })),
  seconds.map((age): Condition => ({ kind: 'older', seconds: age })),
  fc
    .record({ kind: fc.constantFrom('revealed', 'unrevealed'), by: time, at: fc.nat(1) })
    .map(({ kind, by, at }): Condition => ({ kind, by, anchor: ANCHORS[at] as Anchor })),
)

export const lockArbitrary: fc.Arbitrary<Lock> = fc.array(
  fc.array(conditionArbitrary, { minLength: 1, maxLength: 8 }),
  { minLength: 1, maxLength: 9 },
)

/** Nested groups; the keys are so few that the same one is often asked for twice. */
export const expressionArbitrary: fc.Arbitrary<LockExpression> = fc.letrec<{
  expression: LockExpression
}>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    conditionArbitrary,
    fc.record({
      kind: fc.constantFrom('any', 'all'),
      of: fc.array(tie('expression'), { minLength: 1, maxLength: 3 }),
    }),
  ),
})).expression
