import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Wallet } from '@tallystick/client-sdk'
import { openWallet } from '@tallystick/client-sdk/node'
import { deriveKeys, timestamp } from '@tallystick/protocol'
import { RestorableHub } from './restorable-hub.js'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

/** A store of the words of `name`, closed with the test. */
async function openStore(
  t: TestContext,
  { dir, ledgerUrl, seedOf, hubUrl }: Pick<TestNetwork, 'dir' | 'ledgerUrl' | 'seedOf' | 'hubUrl'>,
  name: string,
  file = `${name}.db`,
  sharedWords = false,
) {
  const opened = await openWallet({
    words: seedOf(name),
    file: join(dir, file),
    ledgerUrl,
    hubUrl,
    sharedWords,
  })
  t.after(opened.close)
  return opened
}

const booksOf = (wallet: Wallet) => wallet.channels().map(({ books }) => books)
const statusOf = (wallet: Wallet) => wallet.channels().map(({ party }) => party.ledger.status.kind)

const epochOf = (wallet: Wallet) => wallet.channels()[0]?.party.own.epoch ?? assert.fail()

async function pay(from: Wallet, to: Wallet, value: bigint): Promise<void> {
  const { text, anchor } = await to.createInvoice({ value })
  const [sent] = await Promise.all([from.pay(text, { key: text }), to.paid(anchor)])
  assert.equal(sent.status, 'paid')
}

/** What is in the channels of each, once the hub has attached all of them. */
async function inChannels(...wallets: readonly Wallet[]): Promise<bigint[]> {
  const sums: bigint[] = []
  for (const wallet of wallets) {
    await wallet.connected()
    sums.push((await wallet.balance()).inChannels)
  }
  return sums
}

/** The hub does nothing from here on, and nobody's connection notices; until it is woken. */
function silence({ dir }: TestNetwork): () => void {
  const hub = Number(readFileSync(join(dir, 'hub.pid'), 'utf8'))
  process.kill(hub, 'SIGSTOP')
  return () => process.kill(hub, 'SIGCONT')
}

describe('CH-18 a wallet is restored', () => {
  test('INV-16 KEY-2 from its words alone: its channels live on and none is closed', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await openStore(t, network, 'alice')
    const { wallet: bob } = await openStore(t, network, 'bob')
    const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
    await pay(alice.wallet, bob, 60n * ONE)
    const before = await alice.wallet.balance()
    await alice.close()

    const { wallet: again } = await openStore(t, network, 'alice', 'again.db')
    await again.connected()
    assert.deepEqual(booksOf(again), ['whole'])
    assert.deepEqual(await again.balance(), before)
    await pay(again, bob, 10n * ONE)
    await pay(bob, again, 25n * ONE)
    const [held] = again.channels()
    assert.equal(held?.party.ledger.id, channel)
    assert.ok((held?.party.own.epoch ?? 0) > 0)
    await again.closeChannel(channel)
  })

  test('INV-16 INV-42 CH-11 from an old copy: it notices, resumes, and closes nothing', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await openStore(t, network, 'alice')
    const { wallet: bob } = await openStore(t, network, 'bob')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    await pay(alice.wallet, bob, 10n * ONE)
    await alice.close()
    for (const end of ['', '.mark']) {
      copyFileSync(join(network.dir, `alice.db${end}`), join(network.dir, `copy.db${end}`))
    }
    const newer = await openStore(t, network, 'alice')
    await pay(newer.wallet, bob, 20n * ONE)
    await pay(bob, newer.wallet, 5n * ONE)
    const before = await newer.wallet.balance()
    await newer.close()

    const { wallet: copy } = await openStore(t, network, 'alice', 'copy.db')
    await copy.connected()
    assert.deepEqual(await copy.balance(), before)
    await pay(copy, bob, ONE)
    await pay(bob, copy, 2n * ONE)
    assert.deepEqual([booksOf(copy), statusOf(copy)], [['whole'], ['open']])
  })

  test('INV-16 WIRE-3 two devices with the same words take turns', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const { wallet: first } = await openStore(t, network, 'alice')
    const { wallet: bob } = await openStore(t, network, 'bob')
    await first.openChannel({ deposit: 100n * ONE })
    await pay(first, bob, 40n * ONE)
    const { wallet: second } = await openStore(t, network, 'alice', 'second.db')
    await second.connected()
    for (const device of [second, first, second, second, first]) {
      await pay(device, bob, 2n * ONE)
      await pay(bob, device, ONE)
    }
    await second.connected()
    assert.ok((second.channels()[0]?.party.own.epoch ?? 0) > 0)
    const fees = 5n * 3_000n + 41_000n
    assert.deepEqual(await inChannels(second), [100n * ONE - 45n * ONE - fees])
    assert.deepEqual(statusOf(second), ['open'])
  })
})

describe('CH-19 devices that say that they share their words', () => {
  test('INV-4 INV-16 go on from a resume at every connection, take turns, and are left unsure', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const first = await openStore(t, network, 'alice', 'alice.db', true)
    const { wallet: bob } = await openStore(t, network, 'bob')
    const channel = await first.wallet.openChannel({ deposit: 100n * ONE })
    await pay(first.wallet, bob, 40n * ONE)
    const epochs = [epochOf(first.wallet)]
    await first.close()
    // A copy of the store, which nobody says to be one: it asks before it signs, as any device does.
    for (const end of ['', '.mark']) {
      copyFileSync(join(network.dir, `alice.db${end}`), join(network.dir, `copy.db${end}`))
    }
    const { wallet: again } = await openStore(t, network, 'alice')
    assert.equal(again.sharedWords, true)
    await pay(again, bob, 2n * ONE)
    epochs.push(epochOf(again))
    const { wallet: copy } = await openStore(t, network, 'alice', 'copy.db')
    await copy.connected()
    epochs.push(epochOf(copy))
    const { wallet: other } = await openStore(t, network, 'alice', 'other.db', true)
    await other.connected()
    epochs.push(epochOf(other))
    for (const device of [copy, other, again, copy]) {
      await pay(device, bob, ONE)
      epochs.push(epochOf(device))
    }
    // Each of the four connections, and each turn that was taken back, has an epoch of its own.
    assert.deepEqual(
      epochs,
      [...new Set(epochs)].sort((a, b) => a - b),
    )
    assert.ok((epochs[0] ?? 0) > 0)
    assert.deepEqual(statusOf(copy), ['open'])

    await assert.rejects(copy.forceClose(channel), { code: 'words_shared' })
    const plan = await copy.exitPlan(channel)
    assert.ok(plan?.step.kind === 'forceClose')
    assert.deepEqual([plan.step.unsure, plan.step.mayBeOld], [true, true])
    await copy.exit(channel, { unsure: true })
    await copy.settled(channel)
    const end = await copy.endOf(channel)
    assert.ok(end?.kind === 'disputed')
    assert.equal(end.penalized, false)
  })

  test('a device learns for good that there is another one when that one takes a channel over', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const first = await openStore(t, network, 'alice')
    await first.wallet.openChannel({ deposit: 100n * ONE })
    assert.equal(first.wallet.sharedWords, false)
    const { wallet: second } = await openStore(t, network, 'alice', 'second.db')
    await second.connected()
    await first.wallet.connected()
    assert.equal(first.wallet.sharedWords, true)
    await first.close()
    const again = await openStore(t, network, 'alice')
    assert.equal(again.wallet.sharedWords, true)
  })
})

describe('CH-18 HUB-8 a hub is restored from an old copy', () => {
  test('INV-8 INV-16 it resumes every channel, also one that it never knew, and payments go on', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob', 'carol'])
    const hub = new RestorableHub(t, network)
    await hub.start()
    const world = { ...network, hubUrl: hub.url }
    const { wallet: alice } = await openStore(t, world, 'alice')
    const { wallet: bob } = await openStore(t, world, 'bob')
    const { wallet: carol } = await openStore(t, world, 'carol')
    await alice.openChannel({ deposit: 100n * ONE })
    await pay(alice, bob, 10n * ONE)
    await hub.end('SIGTERM')
    const database = join(hub.dir, 'hub.db')
    copyFileSync(database, join(hub.dir, 'old.db'))
    await hub.start()
    await pay(alice, bob, 20n * ONE)
    await pay(bob, alice, 5n * ONE)
    await carol.openChannel({ deposit: 50n * ONE })
    await pay(carol, bob, 7n * ONE)
    const before = await inChannels(alice, bob, carol)

    await hub.end('SIGKILL')
    for (const tail of ['-wal', '-shm']) rmSync(`${database}${tail}`, { force: true })
    copyFileSync(join(hub.dir, 'old.db'), database)
    await hub.start('--restored')
    await pay(alice, bob, ONE)
    await pay(bob, carol, 2n * ONE)
    await pay(carol, alice, 3n * ONE)
    const [a = 0n, b = 0n, c = 0n] = before
    // 1,000 base units and a thousandth are the fee of a payment.
    const after = [a + 2n * ONE - 2_000n, b - ONE - 3_000n, c - ONE - 4_000n]
    assert.deepEqual(await inChannels(alice, bob, carol), after)
    for (const wallet of [alice, bob, carol]) {
      assert.ok((wallet.channels()[0]?.party.peer.epoch ?? 0) > 0)
      assert.deepEqual(statusOf(wallet), ['open'])
    }
    hub.giveBack()
  })
})

describe('CH-18 HUB-8 JRN-6 a hub whose journal is damaged', () => {
  test('INV-8 INV-16 does what it is told to: it moves it away, and finds its channels on the ledger', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const hub = new RestorableHub(t, network)
    await hub.start()
    const world = { ...network, hubUrl: hub.url }
    const { wallet: alice } = await openStore(t, world, 'alice')
    const { wallet: bob } = await openStore(t, world, 'bob')
    await alice.openChannel({ deposit: 100n * ONE })
    await pay(alice, bob, 10n * ONE)
    const [a = 0n, b = 0n] = await inChannels(alice, bob)
    await hub.end('SIGKILL')
    const database = join(hub.dir, 'hub.db')
    for (const tail of ['', '-wal']) renameSync(`${database}${tail}`, `${database}.damaged${tail}`)
    await hub.start('--restored')
    await pay(alice, bob, ONE)
    assert.deepEqual(await inChannels(alice, bob), [a - ONE - 2_000n, b + ONE])
    assert.deepEqual([statusOf(alice), statusOf(bob)], [['open'], ['open']])
    hub.giveBack()
  })
})

describe('DSP-9 a hub that stays silent', () => {
  test('INV-4 the unsure force close brings home what was deposited, and the guard finalizes', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await openStore(t, network, 'alice')
    const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
    const { onLedger } = await alice.wallet.balance()
    await alice.close()
    const wake = silence(network)
    const { wallet: again } = await openStore(t, network, 'alice', 'again.db')
    const [held] = again.channels()
    assert.deepEqual([held?.books, (await again.balance()).inLostChannels], ['lost', 100n * ONE])
    await assert.rejects(again.forceClose(channel), { code: 'state_lost' })
    await again.forceClose(channel, { unsure: true })
    await again.settled(channel)
    const home = (await again.balance()).onLedger - onLedger
    wake()
    const reserve = held?.party.ledger.terms.exitReserve ?? 0n
    assert.ok(home <= 100n * ONE && home >= 100n * ONE - reserve, `${home}`)
  })

  test('DSP-12 INV-4 what a watchtower was entrusted with brings home what was received', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet: alice } = await openStore(t, network, 'alice')
    const shop = await openStore(t, network, 'shop')
    await alice.openChannel({ deposit: 100n * ONE })
    await pay(alice, shop.wallet, 40n * ONE)
    const { id, terms } = shop.wallet.channels()[0]?.party.ledger ?? assert.fail()
    const guard = deriveKeys(network.seedOf('tower')).channel(0)
    const bounty = { ppm: 0, payoutLock: shop.wallet.payoutLock }
    const validUntil = timestamp(2 ** 40 - 1)
    const copy = shop.wallet.entrust(id, { guardKey: guard.publicKey, bounty, validUntil })
    await shop.close()
    const wake = silence(network)
    const { wallet: again } = await openStore(t, network, 'shop', 'again.db')
    assert.equal(await again.adoptEntrusted(copy), true)
    assert.equal(await again.adoptEntrusted(copy), false)
    await again.forceClose(id, { unsure: true })
    await again.settled(id)
    const { onLedger } = await again.balance()
    wake()
    assert.ok(onLedger <= 40n * ONE && onLedger >= 40n * ONE - terms.exitReserve, `${onLedger}`)
  })
})
