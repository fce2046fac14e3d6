import type { PublicKey } from '../crypto/ed25519.js'
import { compareText } from '../primitives/order.js'
import { isRejection, type Rejection, reject } from '../primitives/outcome.js'
import { TIMESTAMP_MAX, type Timestamp } from '../primitives/time.js'
import type { Anchor } from './identifiers.js'
import { ALTERNATIVES_MAX, CONDITIONS_MAX, LOCK_SECONDS_MAX, MULTI_KEYS_MAX } from './limits.js'
import type { Alternative, Condition, Lock } from './lock.js'

/** Groups inside one another: eight conditions of one alternative, each in an `all` and an `any`. */
export const LOCK_DEPTH_MAX = 16
/** Conditions that an expression writes down: as many as the largest lock has, 2,048. */
export const LOCK_CONDITIONS_MAX = ALTERNATIVES_MAX * CONDITIONS_MAX

/** When a coin may be spent, as people say it; `compileLock` makes a lock of it (LOCK-4). */
export type LockExpression = LockGroup | Condition
type LockGroup =
  | { readonly kind: 'any'; readonly of: readonly LockExpression[] }
  | { readonly kind: 'all'; readonly of: readonly LockExpression[] }

/** Why an expression is no lock; in text the rejection names the place as well. */
export type LockExpressionRejection = Rejection<
  | 'lock_too_deep'
  | 'lock_too_large'
  | 'lock_empty'
  | 'lock_condition_malformed'
  | 'lock_too_many_alternatives'
  | 'lock_too_many_conditions'
>

/** What is wrong with a condition: the argument, counted from 0, and what is due there. */
export type ConditionFault = {
  readonly kind: 'fault'
  readonly argument: number
  readonly expected: string
}

/**
 * Builds expressions: `any(key(a), all(multi(2, b, c, d), after(time)))`. It takes whatever it is
 * given, and `compileLock` says what is wrong with it: so that there is one place that does.
 */
export const lockExpression = {
  any: (...of: readonly LockExpression[]): LockExpression => ({ kind: 'any', of }),
  all: (...of: readonly LockExpression[]): LockExpression => ({ kind: 'all', of }),
  key: (publicKey: PublicKey): LockExpression => ({ kind: 'key', publicKey }),
  /** The keys in any order. */
  multi: (threshold: number, ...publicKeys: readonly PublicKey[]): LockExpression => ({
    ...{ kind: 'multi', threshold, publicKeys },
  }),
  after: (time: Timestamp): LockExpression => ({ kind: 'after', time }),
  older: (seconds: number): LockExpression => ({ kind: 'older', seconds }),
  revealed: (anchor: Anchor, by: Timestamp): LockExpression => ({ kind: 'revealed', anchor, by }),
  unrevealed: (anchor: Anchor, by: Timestamp): LockExpression => ({
    ...{ kind: 'unrevealed', anchor, by },
  }),
} as const

/**
 * The lock that an expression means (LOCK-4): its alternatives in the order in which they are
 * written, `all` distributed over `any`. What is too deep, too large or would become it is refused
 * before the work is done.
 */
export function compileLock(expression: LockExpression): Lock | LockExpressionRejection {
  const written = conditionsIn(expression, 0)
  if (typeof written !== 'number') return written
  return written <= LOCK_CONDITIONS_MAX
    ? compilePart(expression)
    : reject('lock_too_large', `an expression has at most ${LOCK_CONDITIONS_MAX} conditions`)
}

/**
 * Conditions written in an expression below `depth` groups; stops counting above the limit. What
 * stands in the groups may be anything: people who write no types build expressions, too.
 */
function conditionsIn(
  expression: unknown,
  depth: number,
): number | Rejection<'lock_too_deep' | 'lock_empty' | 'lock_condition_malformed'> {
  if (!isKindOf(expression)) {
    const due = 'any, all, key, multi, after, older, revealed or unrevealed'
    return reject('lock_condition_malformed', `an expression is one of ${due}`)
  }
  if (!isGroup(expression)) return 1
  if (depth === LOCK_DEPTH_MAX) {
    return reject('lock_too_deep', `at most ${LOCK_DEPTH_MAX} groups stand inside one another`)
  }
  if (!Array.isArray(expression.of)) {
    return reject('lock_condition_malformed', `${expression.kind} holds a list of expressions`)
  }
  if (expression.of.length === 0) {
    return reject('lock_empty', `${expression.kind} holds at least one condition or group`)
  }
  let count = 0
  for (const part of expression.of) {
    const inPart = conditionsIn(part, depth + 1)
    if (typeof inPart !== 'number') return inPart
    count += inPart
    if (count > LOCK_CONDITIONS_MAX) break
  }
  return count
}

function compilePart(expression: LockExpression): Lock | LockExpressionRejection {
  if (isGroup(expression)) {
    const parts: Lock[] = []
    for (const part of expression.of) {
      const compiled = compilePart(part)
      if (isRejection(compiled)) return compiled
      parts.push(compiled)
    }
    return joinParts(expression.kind, parts)
  }
  const condition = canonicalCondition(expression)
  if (condition.kind !== 'fault') return [[condition]]
  return reject(
    'lock_condition_malformed',
    `argument ${condition.argument + 1} of ${expression.kind} has to be ${condition.expected}`,
  )
}

const KINDS: { readonly [Kind in LockExpression['kind']]: Kind } = {
  ...{ any: 'any', all: 'all', key: 'key', multi: 'multi', after: 'after', older: 'older' },
  ...{ revealed: 'revealed', unrevealed: 'unrevealed' },
}

/** Whether a value says which expression it means to be; its parts and arguments may be anything. */
function isKindOf(value: unknown): value is { readonly kind: LockExpression['kind'] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    Object.hasOwn(KINDS, value.kind)
  )
}

function isGroup(expression: { readonly kind: LockExpression['kind'] }): expression is LockGroup {
  return expression.kind === 'any' || expression.kind === 'all'
}

/** The alternatives of a group whose parts have these; sizes are checked before anything is built. */
export function joinParts(
  kind: 'any' | 'all',
  parts: readonly Lock[],
): Lock | Rejection<'lock_too_many_alternatives' | 'lock_too_many_conditions'> {
  switch (kind) {
    case 'any': {
      const count = parts.reduce((sum, { length }) => sum + length, 0)
      return tooManyAlternatives(count) ?? parts.flat()
    }
    case 'all': {
      // What is a plain list already stays as it is written, so that every lock has a text.
      const conditions = parts.map(onlyCondition)
      if (conditions.every((condition) => condition !== undefined)) {
        return tooManyConditions(conditions.length) ?? [conditions]
      }
      return distribute(parts)
    }
  }
}

function distribute(
  parts: readonly Lock[],
): Lock | Rejection<'lock_too_many_alternatives' | 'lock_too_many_conditions'> {
  let product: Lock = [[]]
  for (const part of parts) {
    const excess = tooManyAlternatives(product.length * part.length)
    if (excess !== undefined) return excess
    product = product.flatMap((left) => part.map((right) => mergeConditions(left, right)))
    const excessive = tooManyConditions(Math.max(...product.map(({ length }) => length)))
    if (excessive !== undefined) return excessive
  }
  return product
}

/** All conditions of both, each once, in the order in which they first come. */
function mergeConditions(left: Alternative, right: Alternative): Alternative {
  const merged = [...left]
  for (const condition of right) {
    if (!merged.some((known) => isSameCondition(known, condition))) merged.push(condition)
  }
  return merged
}

function onlyCondition(part: Lock): Condition | undefined {
  return part.length === 1 && part[0]?.length === 1 ? part[0][0] : undefined
}

function tooManyAlternatives(count: number): Rejection<'lock_too_many_alternatives'> | undefined {
  return count <= ALTERNATIVES_MAX
    ? undefined
    : reject('lock_too_many_alternatives', `at most ${ALTERNATIVES_MAX} alternatives, not ${count}`)
}

function tooManyConditions(count: number): Rejection<'lock_too_many_conditions'> | undefined {
  return count <= CONDITIONS_MAX
    ? undefined
    : reject(
        'lock_too_many_conditions',
        `at most ${CONDITIONS_MAX} conditions in one alternative, not ${count}`,
      )
}

/**
 * A condition with the keys of a multi in their one order, or what is wrong with it (ENC-5). Its
 * arguments may be anything.
 */
export function canonicalCondition(condition: Condition): Condition | ConditionFault {
  switch (condition.kind) {
    case 'key':
      return isHash(condition.publicKey) ? condition : fault(0, A_KEY)
    case 'multi':
      return canonicalMulti(condition)
    case 'after':
      return isWhole(condition.time, 0, TIMESTAMP_MAX) ? condition : fault(0, A_TIME)
    case 'older':
      return isWhole(condition.seconds, 0, LOCK_SECONDS_MAX)
        ? condition
        : fault(0, `a duration of at most ${LOCK_SECONDS_MAX} seconds`)
    case 'revealed':
    case 'unrevealed': {
      if (!isHash(condition.anchor)) return fault(0, 'an anchor of 64 lower-case hex digits')
      return isWhole(condition.by, 0, TIMESTAMP_MAX) ? condition : fault(1, A_TIME)
    }
  }
}

const A_KEY = 'a key of 64 lower-case hex digits'
const A_TIME = `a time: whole seconds from 0 to ${TIMESTAMP_MAX}`

function canonicalMulti(
  condition: Extract<Condition, { kind: 'multi' }>,
): Condition | ConditionFault {
  const { threshold, publicKeys } = condition
  if (!Array.isArray(publicKeys) || publicKeys.length === 0) return fault(1, A_KEY)
  if (publicKeys.length > MULTI_KEYS_MAX) {
    return fault(1 + MULTI_KEYS_MAX, `left out: a multi has at most ${MULTI_KEYS_MAX} keys`)
  }
  const malformed = publicKeys.findIndex((key) => !isHash(key))
  if (malformed >= 0) return fault(1 + malformed, A_KEY)
  const repeated = publicKeys.findIndex((key, i) => publicKeys.indexOf(key) !== i)
  if (repeated >= 0) return fault(1 + repeated, 'a key that was not listed before')
  return isWhole(threshold, 1, publicKeys.length)
    ? { ...condition, publicKeys: [...publicKeys].sort(compareText) }
    : fault(0, `a threshold from 1 to ${publicKeys.length}, the number of keys`)
}

function fault(argument: number, expected: string): ConditionFault {
  return { kind: 'fault', argument, expected }
}

/** 32 bytes in hex. */
function isHash(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function isSameCondition(a: Condition, b: Condition): boolean {
  switch (a.kind) {
    case 'key':
      return b.kind === a.kind && b.publicKey === a.publicKey
    case 'multi':
      return (
        b.kind === a.kind &&
        b.threshold === a.threshold &&
        b.publicKeys.length === a.publicKeys.length &&
        b.publicKeys.every((key, i) => key === a.publicKeys[i])
      )
    case 'after':
      return b.kind === a.kind && b.time === a.time
    case 'older':
      return b.kind === a.kind && b.seconds === a.seconds
    case 'revealed':
    case 'unrevealed':
      return b.kind === a.kind && b.anchor === a.anchor && b.by === a.by
  }
}
