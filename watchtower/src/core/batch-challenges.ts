import { encode, type OperationOf, operationCodec, operationCost } from '@tallystick/protocol'

/** A challenge that is due, and whether it has been sent before without coming to be. */
export type DueChallenge<Name> = {
  readonly name: Name
  readonly deadline: number
  readonly operation: OperationOf<'challenge'>
  readonly isRepeated: boolean
}

/** Bounds of what one transaction carries. */
export type BatchBounds = { readonly count: number; readonly cost: number; readonly bytes: number }

/**
 * Challenges by transaction, the nearest deadline first. Those that are sent for the first time share
 * transactions, which saves coins and signatures; one that is sent again goes alone, so that whoever
 * has spoilt a batch holds up nobody twice.
 */
export function batchChallenges<Name>(
  due: readonly DueChallenge<Name>[],
  bounds: BatchBounds,
): readonly (readonly DueChallenge<Name>[])[] {
  const batches: DueChallenge<Name>[][] = []
  let open: DueChallenge<Name>[] | undefined
  let [cost, bytes] = [0, 0]
  for (const challenge of [...due].sort((a, b) => a.deadline - b.deadline)) {
    if (challenge.isRepeated) {
      batches.push([challenge])
      continue
    }
    const length = encode(operationCodec, challenge.operation).length
    const price = length + operationCost(challenge.operation)
    const isFull =
      open === undefined ||
      open.length >= bounds.count ||
      cost + price > bounds.cost ||
      bytes + length > bounds.bytes
    if (isFull) {
      open = []
      batches.push(open)
      ;[cost, bytes] = [0, 0]
    }
    open?.push(challenge)
    cost += price
    bytes += length
  }
  return batches
}
