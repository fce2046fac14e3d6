import { walletKey } from '../desk/handed-over.js'
import type { MerchantParts } from '../desk/merchant-parts.js'
import { dataOf, OBJECT_COLUMNS, objectOf } from '../store/object-row.js'
import { payoutData } from '../store/stored-data.js'

/** A payout of the shop as its books name it. */
export type BookedPayout = { readonly id: string; readonly account: string; readonly text: string }

/**
 * The payout that a transaction of the ledger is the end of; `undefined`: it is of none. The wallet knows the transaction
 * before the ledger does, and this server once it is told.
 */
export async function payoutOfTransaction(
  { database, wallet }: Pick<MerchantParts, 'database' | 'wallet'>,
  txId: string,
): Promise<BookedPayout | undefined> {
  const rows = await database.read(({ all }) =>
    all(
      `SELECT ${OBJECT_COLUMNS} FROM object WHERE kind = 'payout'
       AND (status = 'pending' OR json_extract(data, '$.transaction') = ?) ORDER BY seq`,
      [txId],
    ),
  )
  for (const payout of rows.map(objectOf)) {
    const { transaction, description: text } = dataOf(payoutData, payout)
    const sent = transaction ?? (await wallet.payoutOf(walletKey(payout)))?.sent?.id
    if (sent === txId) return { id: payout.id, account: payout.account, text }
  }
  return undefined
}
