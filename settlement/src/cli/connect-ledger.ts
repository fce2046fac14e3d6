import { LedgerClient } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import type { ChainId } from '@tallystick/protocol'

export type LedgerAddress = { readonly url: string; readonly chainId?: ChainId }

/**
 * The ledger behind a node that is not trusted, as its newest certified header shows it. Without `chainId` it is whichever the node says it
 * is, which a person is told: nothing else would be worth proving then.
 */
export async function connectLedger({ url, chainId }: LedgerAddress): Promise<LedgerClient> {
  if (chainId === undefined) {
    process.stderr.write('no --chain-id: the genesis is believed to be what the node says\n')
  }
  const ledger = await LedgerClient.connect({
    url,
    openSocket: openWsSocket,
    ...(chainId !== undefined && { chainId }),
  })
  // Before it the parameters are those of the genesis: fee rates may have changed since.
  await ledger.refresh()
  return ledger
}
