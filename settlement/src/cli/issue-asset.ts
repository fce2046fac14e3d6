import {
  type BuildRejection,
  type BuiltTransaction,
  type FundingPlan,
  issueTransaction,
  KeyCoins,
  type LedgerClient,
  reissueTransaction,
} from '@tallystick/client-sdk'
import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import {
  type Amount,
  type AssetId,
  isRejection,
  type LockRoot,
  type PublicKey,
} from '@tallystick/protocol'
import { confirm } from './confirm.js'
import { connectLedger, type LedgerAddress } from './connect-ledger.js'
import { distinctMemo } from './distinct-memo.js'
import { feeAssetOf } from './fee-asset.js'
import { coinSigner, readKeyFile } from './key-file.js'
import { type ReceiverOptions, receiverOf } from './receiver.js'
import { submitAndWait } from './submit-and-wait.js'

type SupplyOptions = LedgerAddress &
  ReceiverOptions & {
    readonly keys: string
    readonly feeAsset?: AssetId
    readonly yes?: true
    readonly json?: true
  }

export type IssueOptions = SupplyOptions & {
  readonly code: string
  readonly decimals: number
  /** Base units. */
  readonly supply: Amount
  readonly reissuable?: true
}

export type ReissueOptions = SupplyOptions & {
  readonly asset: AssetId
  /** Base units. */
  readonly amount: Amount
}

/** `ledger issue`: makes an asset, and waits until a verified block holds it. */
export function issueAsset(options: IssueOptions): Promise<void> {
  const { code, decimals, supply, reissuable } = options
  return supplyAsset(options, async ({ ledger, plan, lock, key }) => {
    const asset = await ledger.assetCount()
    const issuer = reissuable ? key : undefined
    const terms = { code, decimals, issuer }
    const supplied = reissuable ? `more can be issued by ${key}` : 'there will never be more'
    return {
      built: issueTransaction(plan, { asset, terms, supply, lock }),
      said: `asset ${asset}, ${code} of ${decimals} decimals: ${supply} to ${lock}; ${supplied}`,
      facts: { asset, code, decimals, issuer: issuer ?? null, amount: `${supply}`, lock },
    }
  })
}

/** `ledger reissue`: issues more of an asset whose issuer the key file is. */
export function reissueAsset(options: ReissueOptions): Promise<void> {
  const { asset, amount } = options
  return supplyAsset(options, async ({ plan, lock }) => {
    return {
      built: reissueTransaction(plan, { asset, amount, lock }),
      said: `${amount} more of asset ${asset} to ${lock}`,
      facts: { asset, amount: `${amount}`, lock },
    }
  })
}

type Supplier = {
  readonly ledger: LedgerClient
  readonly plan: FundingPlan
  readonly lock: LockRoot
  /** Of the key file. */
  readonly key: PublicKey
}

type Supply = {
  readonly built: BuiltTransaction | BuildRejection
  readonly said: string
  readonly facts: object
}

async function supplyAsset(
  options: SupplyOptions,
  build: (supplier: Supplier) => Promise<Supply>,
): Promise<void> {
  const signer = coinSigner(await readKeyFile(options.keys))
  const ledger = await showProgress('asking the node', () => connectLedger(options))
  const feeAsset = feeAssetOf(ledger, options.feeAsset, 0)
  const coins = new KeyCoins(ledger, signer, feeAsset)
  const lock = receiverOf(options, coins.lock)
  const key = signer.publicKey
  const funding = await showProgress('looking for coins', () => coins.fundingPlan([signer]))
  const plan = { ...funding, memo: distinctMemo() }
  const { built, said, facts } = await build({ ledger, plan, lock, key })
  if (isRejection(built)) throw new CommandError(built.code, built.detail)
  const { id, fee, transaction } = built
  const paid = `${said}; fee ${fee} of asset ${feeAsset}`
  await confirm(options.yes, { verb: 'Issue', undone: 'nothing was issued', said: paid })
  const height = await submitAndWait(ledger, transaction)
  const all = { id, height, ...facts, fee: `${fee}`, fee_asset: feeAsset }
  printFacts(options.json, all, `issued ${paid}\ntransaction ${id} in block ${height}`)
}
