import { type LedgerClient, WalletError } from '@tallystick/client-sdk'
import type { AssetId } from '@tallystick/protocol'
import { moneyOf } from './ledger-words.js'

/** What the SDK says of amounts, each with its unit behind it. */
const AMOUNT = /(\d+) base units?\b(?: of asset \d+)?/g

/** The error as it was, or with its amounts as people write those of the wallet's asset. */
export async function inMoney(
  error: unknown,
  ledger: Pick<LedgerClient, 'asset'>,
  asset: AssetId,
): Promise<unknown> {
  if (!(error instanceof WalletError) || error.message.search(AMOUNT) === -1) return error
  try {
    const money = await moneyOf(ledger, [asset])
    const words = error.message.replaceAll(AMOUNT, (_, units: string) =>
      money(asset, BigInt(units)),
    )
    return new WalletError(error.code, words, { retryable: error.retryable, cause: error })
  } catch {
    // A ledger that is away now changes nothing about what went wrong.
    return error
  }
}
