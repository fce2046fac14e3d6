import {
  type Decoded,
  encode,
  fixedBytes,
  integer,
  list,
  refine,
  struct,
  timestampCodec,
  union,
} from '../codec/codec.js'
import type { PublicKey } from '../crypto/ed25519.js'
import { TAG, taggedHash } from '../crypto/tagged-hash.js'
import { listPath, listRoot, rootFromListPath } from '../merkle/list-tree.js'
import { toHex } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { ascends, compareText } from '../primitives/order.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import type { Timestamp } from '../primitives/time.js'
import { type Anchor, anchorCodec, type LockRoot, publicKeyCodec } from './identifiers.js'
import { ALTERNATIVES_MAX, CONDITIONS_MAX, LOCK_SECONDS_MAX, MULTI_KEYS_MAX } from './limits.js'

const multiKeysCodec = refine(
  list(publicKeyCodec, MULTI_KEYS_MAX, 1),
  (keys) => ascends(keys, compareText),
  'the keys of a multi ascend and differ',
)

/** One thing that must be true for a coin to be spent. */
export const conditionCodec = union({
  /** The transaction is signed by this key. */
  key: [1, struct({ publicKey: publicKeyCodec })],
  /** The transaction is signed by at least `threshold` of these keys. */
  multi: [
    2,
    refine(
      struct({ threshold: integer(MULTI_KEYS_MAX, 1), publicKeys: multiKeysCodec }),
      ({ threshold, publicKeys }) => threshold <= publicKeys.length,
      'the threshold of a multi is at most the number of its keys',
    ),
  ],
  /** Ledger time is at least `time`. */
  after: [3, struct({ time: timestampCodec })],
  /** The coin has existed for at least `seconds` of ledger time. */
  older: [4, struct({ seconds: integer(LOCK_SECONDS_MAX) })],
  /** A link of the anchor's chain was public on the ledger at a time of at most `by`. */
  revealed: [5, struct({ anchor: anchorCodec, by: timestampCodec })],
  /** Ledger time is above `by`, and no link of the anchor's chain was public by then. */
  unrevealed: [6, struct({ anchor: anchorCodec, by: timestampCodec })],
})
export type Condition = Decoded<typeof conditionCodec>
type RevealCondition = Extract<Condition, { kind: 'revealed' | 'unrevealed' }>

/** Conditions that must all hold. */
export const alternativeCodec = list(conditionCodec, CONDITIONS_MAX, 1)
export type Alternative = Decoded<typeof alternativeCodec>

/** Alternatives of which one must hold; the ledger sees only their Merkle root (LOCK-1). */
export type Lock = readonly Alternative[]

/** Shows the alternative that is used and that the lock commits to it. */
export const lockWitnessCodec = struct({
  alternative: alternativeCodec,
  index: integer(ALTERNATIVES_MAX - 1),
  count: integer(ALTERNATIVES_MAX, 1),
  path: list(fixedBytes(32), 8),
})
export type LockWitness = Decoded<typeof lockWitnessCodec>

/** What a coin carries of its lock, 32 bytes. */
export function lockRoot(lock: Lock): LockRoot {
  invariant(lock.length >= 1 && lock.length <= ALTERNATIVES_MAX, 'a lock has 1..256 alternatives')
  return toHex(listRoot(lock.map(alternativeHash))) as LockRoot
}

/** The witness that uses alternative `index` of `lock`. */
export function lockWitness(lock: Lock, index: number): LockWitness {
  const alternative = lock[index]
  invariant(alternative !== undefined, 'the index names an alternative of the lock')
  return {
    alternative,
    index,
    count: lock.length,
    path: listPath(lock.map(alternativeHash), index),
  }
}

/** The lock of a single key. */
export function keyLock(publicKey: PublicKey): Lock {
  return [[{ kind: 'key', publicKey }]]
}

/** What the conditions of a lock may depend on. */
export type SpendContext = {
  readonly time: Timestamp
  readonly coinTime: Timestamp
  readonly signedBy: (publicKey: PublicKey) => boolean
  /**
   * When the first link of the anchor's chain became public, if one is: a reveal of the spending
   * transaction itself is public now.
   */
  readonly revealedAt: (anchor: Anchor) => Timestamp | undefined
  /** Hears each condition that was looked at, by its position, and why it does not hold. */
  readonly onCondition?: (
    condition: Condition,
    position: number,
    rejection: LockRejection | undefined,
  ) => void
}

export type LockRejection = Rejection<
  'lock_mismatch' | 'missing_signature' | 'lock_not_yet_open' | 'not_revealed' | 'lock_never_opens'
>

/** Whether `witness` opens `lock` now (LOCK-2): `undefined` when it does. */
export function checkLock(
  lock: LockRoot,
  witness: LockWitness,
  context: SpendContext,
): LockRejection | undefined {
  const { index, count, path } = witness
  const root = rootFromListPath({ leaf: alternativeHash(witness.alternative), index, count, path })
  if (root === undefined || toHex(root) !== lock) {
    return reject('lock_mismatch', `the witness shows no alternative of lock ${lock}`)
  }
  let position = 0
  for (const condition of witness.alternative) {
    const rejection = checkLockCondition(condition, context)
    context.onCondition?.(condition, position++, rejection)
    if (rejection !== undefined) return rejection
  }
  return undefined
}

function checkLockCondition(
  condition: Condition,
  context: SpendContext,
): LockRejection | undefined {
  const { time, coinTime, signedBy } = context
  switch (condition.kind) {
    case 'key':
      return signedBy(condition.publicKey)
        ? undefined
        : reject('missing_signature', `the lock asks for a signature by ${condition.publicKey}`)
    case 'multi': {
      const signed = condition.publicKeys.filter(signedBy).length
      return signed >= condition.threshold
        ? undefined
        : reject(
            'missing_signature',
            `the lock asks for ${condition.threshold} signatures of its keys, ${signed} are there`,
          )
    }
    case 'after':
      return time >= condition.time
        ? undefined
        : reject('lock_not_yet_open', `ledger time is ${time}, the lock opens at ${condition.time}`)
    case 'older':
      return time >= coinTime + condition.seconds
        ? undefined
        : reject(
            'lock_not_yet_open',
            `ledger time is ${time}, the coin of ${coinTime} opens after ${condition.seconds} s`,
          )
    case 'revealed':
    case 'unrevealed':
      return checkRevealCondition(condition, context)
  }
}

/**
 * The two conditions on reveals (LOCK-3). For one anchor and `by` they never hold both, and once
 * time is above `by` one of them holds for ever: so what the one side may take, the other may not.
 */
function checkRevealCondition(
  { kind, anchor, by }: RevealCondition,
  { time, revealedAt }: SpendContext,
): LockRejection | undefined {
  const since = revealedAt(anchor)
  const wasRevealed = since !== undefined && since <= by
  switch (kind) {
    case 'revealed':
      if (wasRevealed) return undefined
      return time <= by
        ? reject('not_revealed', `no link of ${anchor} is public yet; it has to be by ${by}`)
        : reject('lock_never_opens', `no link of ${anchor} was public by ${by}`)
    case 'unrevealed':
      if (wasRevealed) {
        return reject('lock_never_opens', `a link of ${anchor} is public since ${since}, by ${by}`)
      }
      return time > by
        ? undefined
        : reject('lock_not_yet_open', `ledger time is ${time}, the lock opens after ${by}`)
  }
}

function alternativeHash(alternative: Alternative): Uint8Array {
  return taggedHash(TAG.lockAlternative, encode(alternativeCodec, alternative))
}
