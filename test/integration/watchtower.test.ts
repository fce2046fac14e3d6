import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { channelFeeTransaction, LedgerClient, type Wallet } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { loadHubKeys } from '@tallystick/hub'
import {
  type Channel,
  isRejection,
  LANE_START,
  type LockRoot,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'
import { openGuarded, startTower, type TowerProcess } from './tower-process.js'

/** The hub closes a channel alone as if it had never paid anything; what that costs it in fees. */
async function lie(network: TestNetwork, ledger: LedgerClient, channel: Channel): Promise<bigint> {
  const { signer } = await loadHubKeys(join(network.dir, 'hub'))
  const { number } = channel
  const built = channelFeeTransaction({
    ...{ chainId: ledger.chainId, channel: number, role: 'hub', signer, reveals: [] },
    operations: [
      {
        ...{ kind: 'forceClose', channel: number, by: 'hub', own: LANE_START, unsure: false },
        ...{ resume: undefined, peer: undefined },
      },
    ],
    feePerKiloCost: ledger.feePerKiloCost(channel.asset),
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
  })
  if (isRejection(built)) assert.fail(built.detail)
  await ledger.confirmed(await ledger.submit(built.transaction))
  return built.fee
}

/** A shop is paid 40, is guarded, and goes home for good. */
async function paidShop(
  network: TestNetwork,
  tower: TowerProcess,
  name: string,
  alice: Pick<Wallet, 'pay'>,
): Promise<{ readonly channel: Channel; readonly payoutLock: LockRoot }> {
  const { wallet: shop, close } = await openGuarded(network, name, [tower])
  const sale = await shop.createInvoice({ value: 40n * ONE, description: 'a clock' })
  await Promise.all([alice.pay(sale.text, { key: sale.text }), shop.paid(sale.anchor)])
  const [held] = shop.channels()
  assert.ok(held !== undefined)
  const { id } = held.party.ledger
  await shop.guarded(id)
  const [guard] = shop.guardedUpTo(id)
  assert.equal(guard?.isNewest, true)
  assert.deepEqual(guard?.upTo?.proof?.version, shop.channels()[0]?.party.peer.version)
  const { payoutLock } = shop
  const { ledger: channel } = shop.channels()[0]?.party ?? held.party
  await close()
  return { channel, payoutLock }
}

/** Looks at every block until the ledger has the channel no more. */
async function settled(ledger: LedgerClient, channel: Channel): Promise<void> {
  const stop = new AbortController()
  const { height } = await ledger.refresh()
  await ledger.follow({
    from: height,
    signal: stop.signal,
    onBlock: async () => {
      if ((await ledger.channel(channel.number)).value === undefined) stop.abort()
    },
  })
}

describe('a watchtower on real processes', () => {
  test('DSP-11 DSP-12 INV-9 INV-41 INV-49 TOWER-7 shops are away while the hub shows old states: the tower answers, killed in between or away itself, and is paid', async (t) => {
    const network = await startTestNetwork(t, ['alice'], 15)
    const { wallet: alice } = await network.wallet('alice')
    await alice.openChannel({ deposit: 200n * ONE })
    const tower = await startTower(t, network, 'tower')
    await alice.send({ lock: tower.payoutLock, value: 20n * ONE })
    // It looks for money when it starts.
    tower.kill()
    const first = await paidShop(network, tower, 'shop', alice)
    const second = await paidShop(network, tower, 'kiosk', alice)

    const ledger = await LedgerClient.connect({ url: network.ledgerUrl, openSocket: openWsSocket })
    const hubProcess = Number(readFileSync(join(network.dir, 'hub.pid'), 'utf8'))
    const fees: bigint[] = []
    process.kill(hubProcess, 'SIGSTOP')
    try {
      // Killed in the middle of what it does about the first, stopped while the second comes.
      fees.push(await lie(network, ledger, first.channel))
      tower.kill()
      await tower.stop()
      fees.push(await lie(network, ledger, second.channel))
      await tower.start()
      await Promise.all([first, second].map(({ channel }) => settled(ledger, channel)))
    } finally {
      process.kill(hubProcess, 'SIGCONT')
    }

    const amountsAt = async (lock: LockRoot) =>
      (await ledger.coinsOf(lock)).map(({ coin }) => coin.amount)
    const towerCoins = await amountsAt(tower.payoutLock)
    for (const [i, { channel, payoutLock }] of [first, second].entries()) {
      // All that the hub had left is its penalty; the fee of its lie came out of that before.
      assert.equal(channel.terms.hubPenaltyPpm, 1_000_000)
      const penalty = channel.hub.deposited - 40n * ONE - (fees[i] ?? 0n)
      const bounty = penalty / 10n
      assert.deepEqual(await amountsAt(payoutLock), [40n * ONE + penalty - bounty])
      assert.ok(towerCoins.includes(bounty as never), `a bounty of ${bounty} is paid`)
    }
    // Nothing is kept of what is settled, and no secret was said.
    const seed = readFileSync(join(tower.dataDir, 'watchtower.key'), 'utf8').trim()
    assert.ok(!readFileSync(tower.logFile, 'utf8').includes(seed), 'INV-51')
  })
})
