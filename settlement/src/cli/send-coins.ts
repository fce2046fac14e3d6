import { KeyCoins } from '@tallystick/client-sdk'
import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import { type Amount, type AssetId, isRejection } from '@tallystick/protocol'
import { confirm } from './confirm.js'
import { connectLedger, type LedgerAddress } from './connect-ledger.js'
import { distinctMemo } from './distinct-memo.js'
import { feeAssetOf } from './fee-asset.js'
import { coinSigner, readKeyFile } from './key-file.js'
import { type ReceiverOptions, receiverOf } from './receiver.js'
import { submitAndWait } from './submit-and-wait.js'

export type SendOptions = LedgerAddress &
  ReceiverOptions & {
    readonly keys: string
    readonly asset: AssetId
    /** Base units. */
    readonly amount: Amount
    readonly feeAsset?: AssetId
    readonly yes?: true
    readonly json?: true
  }

/** `ledger send`: pays from the coins of a key file, and waits until a verified block holds it. */
export async function sendCoins(options: SendOptions): Promise<void> {
  const { asset, amount, json } = options
  const lock = receiverOf(options)
  const signer = coinSigner(await readKeyFile(options.keys))
  const ledger = await showProgress('asking the node', () => connectLedger(options))
  const feeAsset = feeAssetOf(ledger, options.feeAsset, asset)
  const coins = new KeyCoins(ledger, signer, feeAsset)
  const built = await showProgress('looking for coins', () =>
    coins.build({ outputs: [{ asset, amount, lock }], memo: distinctMemo() }),
  )
  if (isRejection(built)) throw new CommandError(built.code, built.detail)
  const { id, fee, transaction } = built
  const said = `${amount} of asset ${asset} to ${lock}, fee ${fee} of asset ${feeAsset}`
  await confirm(options.yes, { verb: 'Send', undone: 'nothing was sent', said })
  const height = await submitAndWait(ledger, transaction).catch((error: unknown) => {
    if (!(error instanceof CommandError && error.code === 'replacement_fee_too_low')) throw error
    const why = 'another payment from the same coin waits for a block: send again after it'
    throw new CommandError(error.code, `${why} (${error.message})`, error.exit)
  })
  const facts = { id, height, asset, amount: `${amount}`, lock, fee: `${fee}`, fee_asset: feeAsset }
  printFacts(json, facts, `sent ${said}\ntransaction ${id} in block ${height}`)
}
