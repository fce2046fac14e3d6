import {
  type AssetId,
  amount,
  type ChainId,
  type Channel,
  type ChannelNumber,
  channelTotal,
  INPUTS_MAX,
  invariant,
  isRejection,
  type LockRoot,
  type Operation,
  OUTPUTS_MAX,
  type Output,
  outpointKey,
  type Rejection,
  type Reveal,
  reject,
  type Signer,
  type Timestamp,
} from '@tallystick/protocol'
import { type CoinSelection, coinsByWorth, type OwnedCoin, selectCoins } from './coin-selection.js'
import { largestAmount } from './exact-amount.js'
import {
  type BuiltTransaction,
  draftFee,
  signDraft,
  type TransactionDraft,
} from './transaction-draft.js'

/** What the ledger takes for cost: an asset and its rate by the parameters in force. */
export type FeeRate = { readonly asset: AssetId; readonly feePerKiloCost: number }

/** What a transaction is to do; coins, change and fee follow from it. */
export type TransactionPlan = {
  readonly chainId: ChainId
  /** Coins that may be spent. Which of them are is decided here, the same for the same plan. */
  readonly coins: readonly OwnedCoin[]
  /**
   * Coins that are spent whatever they are worth: to claim one before somebody else may, to sweep a
   * lock. What their locks ask of time and reveals is the plan's to state. Absent: none.
   */
  readonly spends?: readonly OwnedCoin[]
  /** Created first and in this order: output i is coin i of the transaction. */
  readonly outputs: readonly Output[]
  readonly operations: readonly Operation[]
  /** The channels, as the ledger has them, that deposits and closes name. */
  readonly channels: readonly Channel[]
  /** Signers of the keys that the operations ask for. */
  readonly signers: readonly Signer[]
  readonly fee: FeeRate
  /** Where the rest goes. */
  readonly changeLock: LockRoot
  readonly validFrom: Timestamp
  readonly validUntil: Timestamp
  /** Absent: none. */
  readonly reveals?: readonly Reveal[]
  readonly memo?: Uint8Array
}

/** Why nothing can be built; `available` and `needed` are base units of `asset`, fee included. */
export type BuildRejection =
  | (Rejection<'insufficient_funds'> & {
      readonly asset: AssetId
      readonly available: bigint
      readonly needed: bigint
    })
  | Rejection<'too_many_inputs' | 'transaction_too_large'>

/**
 * The signed transaction of a plan, with the exact fee. It burns more than the fee due in two cases
 * only: a rest that could not pay for the bytes of its own output is left to the fee, and so is the
 * rest of less than one byte's price where no change of the right length exists.
 */
export function buildTransaction(plan: TransactionPlan): BuiltTransaction | BuildRejection {
  const { fee, spends = [] } = plan
  if (spends.length > INPUTS_MAX) {
    return reject('too_many_inputs', `a transaction spends at most ${INPUTS_MAX} coins; split it`)
  }
  const needs = needsOf(plan)
  // Each asset may need an output for its change, the one of the fee among them.
  if (plan.outputs.length + needs.size + 1 > OUTPUTS_MAX) {
    return reject('transaction_too_large', `a transaction has at most ${OUTPUTS_MAX} outputs`)
  }
  let draft: TransactionDraft = {
    body: {
      validFrom: plan.validFrom,
      validUntil: plan.validUntil,
      operations: plan.operations,
      outputs: plan.outputs,
      reveals: plan.reveals ?? [],
      memo: plan.memo ?? new Uint8Array(),
    },
    coins: spends,
    signers: plan.signers,
  }
  for (const [asset, need] of [...needs].sort(([a], [b]) => a - b)) {
    if (asset === fee.asset) continue
    const funded = fundAsset(plan, draft, asset, need)
    if (isRejection(funded)) return funded
    draft = funded
  }
  const paid = fundFee(plan, draft, needs.get(fee.asset) ?? 0n)
  if (isRejection(paid)) return paid
  return signDraft(plan.chainId, paid.draft, paid.fee)
}

/** Takes coins of an asset that pays no fee here; its rest comes back to the unit. */
function fundAsset(
  plan: TransactionPlan,
  draft: TransactionDraft,
  asset: AssetId,
  need: bigint,
): TransactionDraft | BuildRejection {
  const selection = select(plan, draft, asset, 0, () => need)
  if (isRejection(selection)) return selection
  const funded = { ...draft, coins: [...draft.coins, ...selection.coins] }
  return withChange(plan, funded, asset, selection.sum - need)
}

/** Takes coins of the fee's asset, and gives back what the exact fee leaves. */
function fundFee(
  plan: TransactionPlan,
  draft: TransactionDraft,
  need: bigint,
):
  | { readonly kind: 'paid'; readonly draft: TransactionDraft; readonly fee: bigint }
  | BuildRejection {
  const { asset, feePerKiloCost } = plan.fee
  const spending = (coins: readonly OwnedCoin[]) => ({
    ...draft,
    coins: [...draft.coins, ...coins],
  })
  const selection = select(plan, draft, asset, feePerKiloCost, (coins) => {
    return need + draftFee(spending(coins), feePerKiloCost)
  })
  if (isRejection(selection)) return selection
  const funded = spending(selection.coins)
  const rest = selection.sum - need
  const change = largestAmount(rest, (value) =>
    draftFee(withChange(plan, funded, asset, value), feePerKiloCost),
  )
  return { kind: 'paid', draft: withChange(plan, funded, asset, change), fee: rest - change }
}

function select(
  { coins, spends = [] }: TransactionPlan,
  draft: TransactionDraft,
  asset: AssetId,
  feePerKiloCost: number,
  needed: (selected: readonly OwnedCoin[]) => bigint,
): Extract<CoinSelection, { kind: 'selected' }> | BuildRejection {
  const spent = new Set(spends.map(({ outpoint }) => outpointKey(outpoint)))
  const ofAsset = coins.filter(
    ({ coin, outpoint }) => coin.asset === asset && !spent.has(outpointKey(outpoint)),
  )
  const worthwhile = coinsByWorth(ofAsset, feePerKiloCost)
  const room = INPUTS_MAX - draft.coins.length
  const selection = selectCoins(worthwhile.slice(0, room), needed)
  if (selection.kind === 'selected') return selection
  const { available, needed: due } = selection
  const facts = `${available} base units of asset ${asset} of ${due} base units needed`
  return worthwhile.length > room
    ? reject('too_many_inputs', `${INPUTS_MAX} coins hold ${facts}; merge coins first`)
    : { ...reject('insufficient_funds', `there are ${facts}`), asset, available, needed: due }
}

function withChange(
  { changeLock }: TransactionPlan,
  draft: TransactionDraft,
  asset: AssetId,
  value: bigint,
): TransactionDraft {
  if (value === 0n) return draft
  const change: Output = { asset, amount: amount(value), lock: changeLock }
  return { ...draft, body: { ...draft.body, outputs: [...draft.body.outputs, change] } }
}

/** What coins have to cover, base units by asset; negative where more is released than bound. */
function needsOf(plan: TransactionPlan): Map<AssetId, bigint> {
  const { spends = [], outputs, operations, channels } = plan
  const needs = new Map<AssetId, bigint>()
  const need = (asset: AssetId, value: bigint) => needs.set(asset, (needs.get(asset) ?? 0n) + value)
  const byNumber = new Map(channels.map((channel) => [channel.number, channel]))
  const channelOf = (number: ChannelNumber) => {
    const channel = byNumber.get(number)
    invariant(channel !== undefined, `the plan holds channel ${number}, which it operates on`)
    return channel
  }
  for (const { coin } of spends) need(coin.asset, -coin.amount)
  for (const output of outputs) need(output.asset, output.amount)
  for (const operation of operations) {
    switch (operation.kind) {
      case 'open':
        need(operation.asset, operation.client.deposit + operation.hub.deposit)
        break
      case 'deposit':
        need(channelOf(operation.channel).asset, operation.amount)
        break
      case 'close':
        for (const { channel: number, clientPayout } of operation.closes) {
          const channel = channelOf(number)
          need(channel.asset, clientPayout - channelTotal(channel))
        }
        break
      case 'payFee':
        need(channelOf(operation.channel).asset, -operation.amount)
        break
      case 'withdraw': // Pays out what it releases.
      case 'forceClose':
      case 'challenge':
      case 'finalize':
      case 'changeParameters':
        break
      case 'issue':
        need(operation.asset, -operation.supply)
        break
      case 'reissue':
        need(operation.asset, -operation.amount)
        break
    }
  }
  return needs
}
