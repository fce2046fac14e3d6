import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LedgerClient } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { loadHubKeys } from '@tallystick/hub'
import { askToResume, type ChainId, isRejection } from '@tallystick/protocol'
import { journalPathOf } from '#hub/hub-keys.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import { type HubOnDisk, hubOnDisk } from './hub-on-disk.js'
import { ONE } from './test-network.js'

const HUB = fileURLToPath(new URL('../../../hub/dist/command/hub.js', import.meta.url))

/** What `hub leave` ends with and says. */
function leave({ hubDir, ledger }: HubOnDisk, channel: number, ...more: readonly string[]) {
  const args = ['leave', '--data', hubDir, '--ledger', ledger.url, '--channel', `${channel}`]
  const { status, stdout } = spawnSync(process.execPath, [HUB, ...args, '--json', ...more], {
    encoding: 'utf8',
  })
  const { error, ...said } = JSON.parse(stdout) as {
    readonly error?: { readonly code: string }
    readonly closed?: boolean
    readonly payout_least?: string
    readonly penalty_if_old_most?: string
    readonly total?: string
  }
  return { status, code: error?.code, ...said }
}

/** Has the journal say that the client of its channel claims to be ahead. */
async function doubt({ hubDir }: HubOnDisk, chainId: ChainId): Promise<void> {
  const { signer } = await loadHubKeys(hubDir)
  const owner = { chainId, hub: signer.publicKey }
  const journal = await openSqliteJournal(journalPathOf(hubDir), owner)
  const rows = new Map()
  for (const held of journal.stored.state.channels()) {
    const party = askToResume(held.party, new Uint8Array(16), held.party.ledger.openedTime)
    assert.ok(!isRejection(party))
    rows.set(party.ledger.id, { ...held, party })
  }
  await journal.commit({ channels: rows, payments: new Map(), reveals: new Set() }, undefined)
  await journal.close()
}

test('HUB-11 INV-7 an operator brings its money home from a channel whose client never comes back', async (t) => {
  const world = await hubOnDisk(t)
  const hub = await world.startHub()
  const [alice, bob] = [await world.wallet('alice', hub), await world.wallet('bob', hub)]
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  const sale = await bob.wallet.createInvoice({ value: 40n * ONE })
  await Promise.all([alice.wallet.pay(sale.text, { key: sale.text }), bob.wallet.paid(sale.anchor)])
  const [held] = alice.wallet.channels()
  const number = held?.party.ledger.number ?? assert.fail('alice has a channel')
  await Promise.all([alice.close(), bob.close()])
  assert.equal(leave(world, number).code, 'store_in_use')
  await hub.stop()

  const ledger = await LedgerClient.connect({ url: world.ledger.url, openSocket: openWsSocket })
  const { payoutLock } = await loadHubKeys(world.hubDir)
  const owned = async () => {
    const coins = await ledger.coinsOf(payoutLock)
    return coins.reduce((sum, { coin }) => sum + coin.amount, 0n)
  }
  assert.equal(leave(world, 99).code, 'channel_unknown')
  await doubt(world, ledger.chainId)
  const doubted = leave(world, number, '--yes')
  assert.deepEqual([doubted.status, doubted.code], [1, 'data_lost'])

  // Looking changes nothing; then it is closed by what the operator vouches for.
  const plan = leave(world, number, '--whole')
  assert.deepEqual([plan.status, plan.closed], [0, false])
  assert.ok(BigInt(plan.penalty_if_old_most ?? 0) > BigInt(plan.payout_least ?? 0))
  const before = await owned()
  const left = leave(world, number, '--whole', '--yes')
  assert.deepEqual([left.status, left.closed], [0, true])
  assert.equal(leave(world, number, '--whole', '--yes').code, 'channel_closing')

  // The hub goes on where the command ended: its guard has the ledger pay.
  await world.startHub()
  while ((await owned()) === before) await ledger.refresh()
  assert.equal((await owned()) - before, BigInt(left.payout_least ?? 0))
})
