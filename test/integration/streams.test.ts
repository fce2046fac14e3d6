import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { OutgoingStream, Wallet } from '@tallystick/client-sdk'
import { tryPaidRequests } from './paid-requests.js'
import { openStreaming } from './streaming-wallet.js'
import { ONE, startTestNetwork } from './test-network.js'

/** Pays one tick and has it served, as soon as the payee has heard of the stream. */
async function payTick(stream: OutgoingStream, payee: Wallet): Promise<string> {
  const payment = await stream.pay()
  for (;;) {
    try {
      payee.stream.take(payment.token, 10n)
      payment.served()
      return payment.token
    } catch (error) {
      if ((error as { code?: string }).code !== 'stream_unknown') throw error
      await pause(20)
    }
  }
}

const balanceOf = async (wallet: Wallet) => (await wallet.balance()).inChannels

test('streams over a real hub', async (t) => {
  const network = await startTestNetwork(t, ['alice', 'bob'])
  let alice = await openStreaming(t, network, 'alice')
  let bob = await openStreaming(t, network, 'bob')
  await Promise.all([
    alice.wallet.openChannel({ deposit: 100n * ONE }),
    bob.wallet.ensureInbound(10n * ONE),
  ])
  const { identity } = bob.wallet

  await t.test(
    'STREAM-6 STREAM-7 ticks roll over to the next chain, and what is left comes back',
    async () => {
      const before = await balanceOf(alice.wallet)
      const stream = await alice.wallet.stream.open({ to: identity, unit: 10n, ticks: 40 })
      for (let tick = 1; tick <= 60; tick++) await payTick(stream, bob.wallet)
      assert.equal(stream.sent, 60)
      bob.wallet.stream.take(await stream.close(), 0n)
      await stream.ended()
      await bob.wallet.stream.received.flush()
      assert.deepEqual(alice.wallet.stream.list(), [])
      const paid = alice.wallet
        .channels()
        .reduce((sum, { party }) => sum + party.own.transferred, 0n)
      assert.equal(paid, 60n * stream.cost)
      assert.equal(before - (await balanceOf(alice.wallet)), 60n * stream.cost)
      const got = bob.wallet.channels().reduce((sum, { party }) => sum + party.peer.transferred, 0n)
      assert.equal(got, 600n)
    },
  )

  await t.test('INV-32 after a crash of the payer no tick is given twice', async () => {
    const wish = { to: identity, unit: 10n, ticks: 200, exposure: 4, key: 'metered' }
    const stream = await alice.wallet.stream.open(wish)
    for (let tick = 1; tick <= 5; tick++) await payTick(stream, bob.wallet)
    await alice.close()
    alice = await openStreaming(t, network, 'alice')
    const again = await alice.wallet.stream.open(wish)
    assert.equal(again.name, stream.name)
    await assert.rejects(again.pay(), { code: 'position_unknown' })
    again.positioned(bob.wallet.stream.positionOf(again.knownToken))
    await payTick(again, bob.wallet)
    assert.equal(again.sent, 6)
  })

  await t.test(
    'INV-32 a payee that crashed has lost nothing once the next tick comes',
    async () => {
      const stream = alice.wallet.stream
      const [held] = stream.list()
      assert.ok(held?.kind === 'paid')
      await bob.close()
      bob = await openStreaming(t, network, 'bob')
      const metered = stream.resume(held.stream)
      assert.ok(metered !== undefined)
      await payTick(metered, bob.wallet)
      bob.wallet.stream.take(await metered.close(), 0n)
      await metered.ended()
      const got = bob.wallet.channels().reduce((sum, { party }) => sum + party.peer.transferred, 0n)
      assert.equal(got, 670n)
    },
  )

  await t.test('HTTP402-1 an API that is paid by the request', (t) =>
    tryPaidRequests(t, { network, buyer: alice, seller: bob }),
  )
})
