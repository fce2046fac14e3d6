import { LedgerClient } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import type { ChainId } from '@tallystick/protocol'

export type LedgerAddress = { readonly url: string; readonly chain?: ChainId }

/**
 * The ledger behind a node that is not trusted. Without `chain` it is whichever the node says it
 * is, which a person is told: nothing else would be worth proving then.
 */
export function connectLedger({ url, chain }: LedgerAddress): Promise<LedgerClient> {
  if (chain === undefined) {
    process.stderr.write('no --chain: the genesis is believed to be what the node says\n')
  }
  return LedgerClient.connect({
    url,
    openSocket: openWsSocket,
    ...(chain !== undefined && { chainId: chain }),
  })
}
