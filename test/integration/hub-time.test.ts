import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hubOnDisk } from './hub-on-disk.js'
import { ONE } from './test-network.js'

async function timeOf(url: string): Promise<number> {
  const { ledger_time } = (await (await fetch(`${url}/v1/stats`)).json()) as { ledger_time: number }
  return ledger_time
}

test('INV-31 INV-47 a hub that starts goes by the newest block that it has met, not by the genesis', async (context) => {
  const world = await hubOnDisk(context, '--heartbeat-ms', '60000')
  const hub = await world.startHub()
  const alice = await world.wallet('alice', hub)
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  const before = await timeOf(hub.url)
  await hub.kill()
  const again = await world.startHub()
  const after = await timeOf(again.url)
  assert.ok(after >= before, `${after} is before ${before}`)
})
