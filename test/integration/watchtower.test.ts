import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  BlockFeed,
  channelFeeTransaction,
  entrustedChallenge,
  finalizeTransaction,
  KeyCoins,
  LedgerClient,
  revealLookupOf,
} from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { loadHubKeys } from '@tallystick/hub'
import {
  type Channel,
  decode,
  deriveKeys,
  type Entrusted,
  encode,
  entrustedCodec,
  isClosing,
  isRejection,
  keyLock,
  LANE_START,
  type LockRoot,
  lockRoot,
  type Signer,
  signerFromSeed,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'

/** All that a watchtower has: coins for fees, a key of its own, and what an owner has entrusted. */
type Tower = {
  readonly feed: BlockFeed
  readonly coins: KeyCoins
  readonly guard: Signer
  readonly entrusted: Entrusted
}

/** Looks at every block until the channel is settled, and does what is due; what it paid in fees. */
async function watch({ feed, coins, guard, entrusted }: Tower): Promise<bigint> {
  const { ledger } = feed
  let paid = 0n
  const act = async (channel: Channel, now: Channel['openedTime']) => {
    if (!isClosing(channel)) return
    const revealedBy = await revealLookupOf(ledger, [{ ledger: channel }])
    const context = { chainId: ledger.chainId, now, revealedBy }
    const operation = entrustedChallenge(entrusted, channel, context)
    if (operation !== undefined && paid === 0n) {
      const built = await coins.spend({ operations: [operation], signers: [guard] })
      if (isRejection(built)) assert.fail(built.detail)
      paid += built.fee
    }
    if (now > channel.status.deadline) {
      await ledger.submit(finalizeTransaction(channel.number, channel.status.finalizes))
    }
  }
  return new Promise((settled, failed) => {
    const stop = feed.subscribe(async ({ time }) => {
      try {
        const { value } = await ledger.channel(entrusted.number)
        if (value !== undefined) return await act(value, time)
        stop()
        settled(paid)
      } catch (error) {
        stop()
        failed(error)
      }
    })
  })
}

describe('a watchtower on real processes', () => {
  test('DSP-11 DSP-12 INV-9 INV-49 a shop is closed while the hub shows an old state: its guard answers, and is paid', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'tower'], 6)
    const { wallet: alice } = await network.wallet('alice')
    const { wallet: shop, close: closeShop } = await network.wallet('shop')
    await alice.openChannel({ deposit: 100n * ONE })
    const sale = await shop.createInvoice({ value: 40n * ONE, description: 'a clock' })
    await Promise.all([alice.pay(sale.text), shop.paid(sale.anchor)])

    // The shop appoints a guard for a fifth of any penalty, and goes home.
    const guard = signerFromSeed(new Uint8Array(32).fill(7))
    const safe = lockRoot(keyLock(guard.publicKey))
    const [held] = shop.channels()
    assert.ok(held !== undefined)
    const { id, number, asset, hub, terms } = held.party.ledger
    const handedOver = shop.entrust(id, {
      guardKey: guard.publicKey,
      bounty: { ppm: 200_000, payoutLock: safe },
      validUntil: timestamp(2_000_000_000),
    })
    const bytes = encode(entrustedCodec, handedOver)
    const { payoutLock: shopLock } = shop
    await closeShop()

    const options = { url: network.ledgerUrl, openSocket: openWsSocket }
    const ledger = await LedgerClient.connect(options)
    const feed = await BlockFeed.start(ledger)
    t.after(() => feed.stop())
    const coins = new KeyCoins(ledger, deriveKeys(network.seedOf('tower')).payout(0), asset)
    const kept = decode(entrustedCodec, bytes)
    assert.ok(!isRejection(kept))
    const watching = watch({ feed, coins, guard, entrusted: kept })

    // The hub closes alone as if it had never paid anything, and does nothing more.
    const hubProcess = Number(readFileSync(join(network.dir, 'hub.pid'), 'utf8'))
    process.kill(hubProcess, 'SIGSTOP')
    const { signer } = await loadHubKeys(join(network.dir, 'hub', 'hub.key'))
    const lie = channelFeeTransaction({
      ...{ chainId: ledger.chainId, channel: number, role: 'hub', signer, reveals: [] },
      operations: [
        {
          ...{ kind: 'forceClose', channel: number, by: 'hub', own: LANE_START, unsure: false },
          ...{ resume: undefined, peer: undefined },
        },
      ],
      feePerKiloCost: ledger.feePerKiloCost(asset),
      ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
    })
    if (isRejection(lie)) assert.fail(lie.detail)
    await ledger.confirmed(await ledger.submit(lie.transaction))

    const feePaid = await watching.finally(() => process.kill(hubProcess, 'SIGCONT'))
    const amountsAt = async (lock: LockRoot) =>
      (await ledger.coinsOf(lock)).map(({ coin }) => coin.amount)
    // All that the hub had left is its penalty; the fee of its lie came out of that before.
    assert.equal(terms.hubPenaltyPpm, 1_000_000)
    const penalty = hub.deposited - 40n * ONE - lie.fee
    const bounty = penalty / 5n
    assert.deepEqual(await amountsAt(safe), [bounty])
    assert.deepEqual(await amountsAt(shopLock), [40n * ONE + penalty - bounty])
    assert.deepEqual(await amountsAt(coins.lock), [1_000n * ONE - feePaid])
    assert.ok(feePaid > 0n && bounty > feePaid)
  })
})
