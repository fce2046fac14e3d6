import { formatAmount } from '@tallystick/client-sdk'
import { POUND, type ReplayResult } from './shop-replay.js'

/** A replay's result for people. */
export function summaryOf(result: ReplayResult): string {
  const { reconciliation: books } = result
  const money = (units: string) => formatAmount(BigInt(units), POUND)
  return [
    `orders            ${result.orders} (${result.skipped} of zero skipped, ${result.rejected} rejected)`,
    `payments          ${result.payments}, refunds ${result.refunds}, over ${result.channels} channels`,
    `speed             ${result.paymentsPerSecond} a second, p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`,
    `closing           ${result.closedChannels} channels in ${result.closeTransactions} transactions, ${result.bytesPerClosedChannel} bytes each`,
    `sales             ${money(books.sales)}`,
    `refunds           ${money(books.refunds)}`,
    `fees on refunds   ${money(books.shopFees)}`,
    ...(books.float === '0' ? [] : [`lent to the shop  ${money(books.float)}`]),
    `shop on ledger    ${money(books.shopOnLedger)}`,
    `supply            ${money(books.issued)} = coins ${money(books.coins)} + burnt ${money(books.burntFees)}`,
    result.reconciled
      ? 'reconciled to the last unit'
      : `NOT reconciled: ${books.problems.join('; ')}`,
  ].join('\n')
}
