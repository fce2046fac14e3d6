import { createInterface } from 'node:readline/promises'
import { KeyCoins, LedgerError } from '@tallystick/client-sdk'
import {
  type Amount,
  type AssetId,
  isRejection,
  keyLock,
  type LockRoot,
  lockRoot,
  type PublicKey,
} from '@tallystick/protocol'
import { isRefusal } from '../api/problem.js'
import { connectLedger, type LedgerAddress } from './connect-ledger.js'
import { feeAssetOf } from './fee-asset.js'
import { coinSigner, readKeyFile } from './key-file.js'
import { printFacts } from './print-facts.js'
import { showProgress } from './show-progress.js'
import { CommandError, EXIT } from './stop-on-fault.js'

export type SendOptions = LedgerAddress & {
  readonly keys: string
  readonly toLock?: LockRoot
  readonly toKey?: PublicKey
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
  const lock = receiver(options)
  const signer = coinSigner(await readKeyFile(options.keys))
  const ledger = await showProgress('asking the node', () => connectLedger(options))
  const feeAsset = feeAssetOf(ledger, options.feeAsset, asset)
  const coins = new KeyCoins(ledger, signer, feeAsset)
  const built = await showProgress('looking for coins', () =>
    coins.build({ outputs: [{ asset, amount, lock }] }),
  )
  if (isRejection(built)) throw new CommandError(built.code, built.detail)
  const { id, fee, transaction } = built
  const said = `${amount} of asset ${asset} to ${lock}, fee ${fee} of asset ${feeAsset}`
  if (!options.yes) await confirm(said)
  const height = await refusable(async () => {
    await ledger.submit(transaction)
    const confirmed = await showProgress('waiting for a block', () => ledger.confirmed(id))
    return confirmed.height
  })
  const facts = { id, height, asset, amount: `${amount}`, lock, fee: `${fee}`, fee_asset: feeAsset }
  printFacts(json, facts, `sent ${said}\ntransaction ${id} in block ${height}`)
}

function receiver({ toLock, toKey }: SendOptions): LockRoot {
  if (toLock !== undefined && toKey === undefined) return toLock
  if (toKey !== undefined && toLock === undefined) return lockRoot(keyLock(toKey))
  throw new CommandError('receiver_missing', 'exactly one of --to-lock and --to-key is due')
}

async function confirm(said: string): Promise<void> {
  const refusal = new CommandError('not_confirmed', `nothing was sent; --yes sends ${said}`)
  if (!process.stdin.isTTY) throw refusal
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`Send ${said}? [y/N] `).finally(() => terminal.close())
  if (answer.trim().toLowerCase() !== 'y') throw refusal
}

/** What the rules of the ledger refuse ends with an exit code of its own. */
async function refusable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LedgerError && isRefusal(error.code))) throw error
    throw new CommandError(error.code, error.message, EXIT.refused)
  }
}
