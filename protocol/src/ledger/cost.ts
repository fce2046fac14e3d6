import type { Operation } from './operation.js'
import type { Transaction } from './transaction.js'

/** Units of cost; a byte is one. A signature check costs about what 100 bytes of state cost. */
export const SIGNATURE_COST = 100
/** A step of a hash chain takes 0.6 us, a signature check 43 us. */
export const HASH_STEP_COST = 1
/** Paid with a force close for the finalize that anyone may send later: its bytes and two coins. */
export const FINALIZE_COST = 200
/** Paid in advance by a guard for the coin of its bounty, which a finalize makes. */
export const BOUNTY_COST = 100
/** Asked for a new asset, whose entry stays in everybody's state for ever: a block takes 400. */
export const ASSET_COST = 10_000
/** Paid in advance for each pending item, which may ask for a finalize of its own. */
export const FINALIZE_ITEM_COST = 200

/**
 * What a transaction of `bytes` encoded bytes costs (COST-1), known before any of it is executed:
 * its bytes, its signature checks, its hash steps and the finalizes that it pays for in advance,
 * less the finalizes that were paid for.
 */
export function transactionCost({ body, signers }: Transaction, bytes: number): number {
  let cost = bytes + SIGNATURE_COST * signers.length
  for (const { index } of body.reveals) cost += HASH_STEP_COST * index
  for (const operation of body.operations) cost += operationCost(operation)
  return Math.max(0, cost - prepaidCost(body))
}

/** What one operation adds to the cost of its transaction, besides its bytes. */
export function operationCost(operation: Operation): number {
  switch (operation.kind) {
    case 'open':
    case 'deposit':
    case 'payFee':
    case 'finalize':
    case 'reissue':
    case 'changeParameters':
      return 0
    case 'issue':
      return ASSET_COST
    case 'close':
      return SIGNATURE_COST * operation.closes.length
    case 'withdraw':
      return SIGNATURE_COST * operation.withdrawals.length
    case 'forceClose': {
      const items = operation.own.items.length + (operation.peer?.lane.items.length ?? 0)
      const signatures = operation.resume === undefined ? 1 : 2
      return SIGNATURE_COST * signatures + FINALIZE_COST + FINALIZE_ITEM_COST * items
    }
    case 'challenge': {
      const { proof, own, resume, guard } = operation
      const items = (proof?.lane.items.length ?? 0) + (own?.items.length ?? 0)
      const signed = [proof, resume, guard?.appointment, guard?.ownEvidence]
      const signatures = signed.filter((shown) => shown !== undefined).length
      const bounty = guard === undefined ? 0 : BOUNTY_COST
      return SIGNATURE_COST * signatures + FINALIZE_ITEM_COST * items + bounty
    }
  }
}

/** What force closes have paid of a transaction of finalizes alone, units of cost. */
export function prepaidCost(body: Transaction['body']): number {
  return isFinalizeOnly(body) ? FINALIZE_COST * body.operations.length : 0
}

/** What was paid for in advance is finalizing alone: nothing else can ride along for nothing. */
function isFinalizeOnly({ inputs, outputs, reveals, operations }: Transaction['body']): boolean {
  return (
    inputs.length + outputs.length + reveals.length === 0 &&
    operations.every(({ kind }) => kind === 'finalize')
  )
}

/** The least fee for `cost` units at `feePerKiloCost` base units per 1,000, rounded up. */
export function feeFor(cost: number, feePerKiloCost: number): bigint {
  return (BigInt(cost) * BigInt(feePerKiloCost) + 999n) / 1_000n
}
