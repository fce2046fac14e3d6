import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import type { TestNetwork } from './test-network.js'

/** The wallet of somebody in the network, who takes streams of ten base units a tick and more. */
export async function openStreaming(
  t: TestContext,
  network: TestNetwork,
  name: string,
  file = `${name}.db`,
): Promise<OpenedWallet> {
  const { ledgerUrl, hubUrl } = network
  const opened = await openWallet({
    ...{ words: network.seedOf(name), file: join(network.dir, file), ledgerUrl, hubUrl },
    streams: { unitMin: 10n },
  })
  t.after(() => opened.close())
  return opened
}
