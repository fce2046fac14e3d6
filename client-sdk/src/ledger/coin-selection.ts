import {
  type Coin,
  encode,
  feeFor,
  type Lock,
  lockWitness,
  lockWitnessCodec,
  type Outpoint,
  outpointCodec,
  outpointKey,
  type Signer,
} from '@tallystick/protocol'

/** A coin with what opens it: the lock behind its root, the alternative used, the keys it asks for. */
export type OwnedCoin = {
  readonly outpoint: Outpoint
  readonly coin: Coin
  readonly lock: Lock
  /** Position in `lock` of the alternative that holds when the transaction is included. */
  readonly alternative: number
  /** Signers of every key that the alternative asks for; none for a lock of time alone. */
  readonly signers: readonly Signer[]
}

/** Coins that reach what they are for, or all there were and what would have been enough. */
export type CoinSelection =
  | { readonly kind: 'selected'; readonly coins: readonly OwnedCoin[]; readonly sum: bigint }
  | { readonly kind: 'short'; readonly available: bigint; readonly needed: bigint }

/**
 * The first of `coins` whose sum reaches `needed`, which may rise with every coin that is taken:
 * each pays for its own bytes. Deterministic; takes no more coins than it needs.
 */
export function selectCoins(
  coins: readonly OwnedCoin[],
  needed: (selected: readonly OwnedCoin[]) => bigint,
): CoinSelection {
  let count = 0
  let sum = 0n
  for (;;) {
    const selected = coins.slice(0, count)
    const due = needed(selected)
    if (sum >= due) return { kind: 'selected', coins: selected, sum }
    if (count === coins.length) return { kind: 'short', available: sum, needed: due }
    while (sum < due && count < coins.length) sum += coins[count++]?.coin.amount ?? 0n
  }
}

/**
 * `coins` that are worth more than their own bytes cost at `feePerKiloCost`, the most valuable
 * first, then by outpoint. A signature is not counted: one serves all coins of its key.
 */
export function coinsByWorth(coins: readonly OwnedCoin[], feePerKiloCost: number): OwnedCoin[] {
  return coins
    .map((owned) => ({
      owned,
      worth: owned.coin.amount - feeFor(inputBytes(owned), feePerKiloCost),
    }))
    .filter(({ worth }) => worth > 0n)
    .sort((a, b) => compareWorth(a.worth, b.worth) || compareOutpoints(a.owned, b.owned))
    .map(({ owned }) => owned)
}

/** Bytes that spending a coin adds to a transaction, signatures aside. */
function inputBytes({ outpoint, lock, alternative }: OwnedCoin): number {
  const witness = lockWitness(lock, alternative)
  return encode(outpointCodec, outpoint).length + encode(lockWitnessCodec, witness).length
}

function compareWorth(a: bigint, b: bigint): number {
  return a > b ? -1 : a < b ? 1 : 0
}

function compareOutpoints(a: OwnedCoin, b: OwnedCoin): number {
  const [left, right] = [outpointKey(a.outpoint), outpointKey(b.outpoint)]
  return left < right ? -1 : left > right ? 1 : 0
}
