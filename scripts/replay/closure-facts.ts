import type { LedgerClient } from '@tallystick/client-sdk'
import { encode, transactionCodec } from '@tallystick/protocol'

/** What the batch closures of a chain cost. */
export type ClosureFacts = {
  readonly closeTransactions: number
  readonly closedChannels: number
  /** Bytes of those transactions, all in, per channel that they close. */
  readonly bytesPerClosedChannel: number
}

/** Reads every verified block from the start and counts closures. */
export async function closureFacts(ledger: LedgerClient): Promise<ClosureFacts> {
  const { height } = await ledger.refresh()
  const stop = new AbortController()
  let [closeTransactions, closedChannels, bytes] = [0, 0, 0]
  await ledger.follow({
    from: 1,
    signal: stop.signal,
    onBlock: ({ header, transactions }) => {
      for (const transaction of transactions) {
        const closes = transaction.body.operations.flatMap((operation) =>
          operation.kind === 'close' ? operation.closes : [],
        )
        if (closes.length === 0) continue
        closeTransactions++
        closedChannels += closes.length
        bytes += encode(transactionCodec, transaction).length
      }
      if (header.height >= height) stop.abort()
    },
  })
  const perChannel = closedChannels === 0 ? 0 : bytes / closedChannels
  return {
    closeTransactions,
    closedChannels,
    bytesPerClosedChannel: Math.round(perChannel * 100) / 100,
  }
}
