import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { BlockFeed, LedgerClient, Wallet, type WalletNotice } from '@tallystick/client-sdk'
import { openSqliteStore, openWsSocket } from '@tallystick/client-sdk/node'
import {
  type AppointmentTerms,
  deriveKeys,
  type Entrusted,
  type LockRoot,
  TIMESTAMP_MAX,
} from '@tallystick/protocol'
import { HubBackups } from '#client-sdk/backup/hub-backups.js'
import { testSigner } from '../protocol/test-channel.js'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

type Fetch = typeof globalThis.fetch

const APPOINTMENT: AppointmentTerms = {
  guardKey: testSigner(8).publicKey,
  bounty: { ppm: 0, payoutLock: '08'.repeat(32) as LockRoot },
  validUntil: TIMESTAMP_MAX,
}

/** Pays and waits for both sides: a payer knows it is paid before the payee can spend the money. */
async function payAcross(from: Wallet, to: Wallet, value: bigint): Promise<void> {
  const { text, anchor } = await to.createInvoice({ value })
  await Promise.all([from.pay(text, { key: text }), to.paid(anchor)])
}

/** The wallet of `name` with a store of its own, and what it noticed. */
async function openStore(
  t: TestContext,
  network: TestNetwork,
  name: string,
  file: string,
  given: {
    readonly backup?: Uint8Array
    readonly entrusted?: readonly Entrusted[]
    readonly fetch?: Fetch
  } = {},
) {
  const ledger = await LedgerClient.connect({ url: network.ledgerUrl, openSocket: openWsSocket })
  const feed = await BlockFeed.start(ledger)
  const stores = await openSqliteStore(join(network.dir, file))
  const notices: WalletNotice[] = []
  let wallet: Wallet | undefined
  let isOpen = true
  const close = async () => {
    if (!isOpen) return
    isOpen = false
    await wallet?.close()
    feed.stop()
    await stores.close()
  }
  t.after(close)
  wallet = await Wallet.open({
    words: network.seedOf(name),
    store: stores.wallet('wallet'),
    feed,
    hubUrl: network.hubUrl,
    openSocket: openWsSocket,
    fetch,
    onEvent: (notice) => notices.push(notice),
    ...given,
  }).catch(async (error) => {
    await close()
    throw error
  })
  return {
    wallet,
    close,
    restored: () => notices.flatMap((notice) => (notice.kind === 'restored' ? notice.version : [])),
    problems: () => notices.flatMap((notice) => (notice.kind === 'problem' ? notice.code : [])),
  }
}

/** The platform's `fetch`, but for backups: what the hub gave at one time, it gives for ever. */
function rolledBackTo(copy: Response | 'nothing'): Fetch {
  return async (input, init) => {
    if (init?.method === 'PUT' || !String(input).includes('/backups/')) return fetch(input, init)
    if (copy !== 'nothing') return copy.clone()
    const { detail, ...problem } = { code: 'backup_missing', detail: '', retryable: false }
    return Response.json({ ...problem, detail, request_id: 'req' }, { status: 404 })
  }
}

/** What the hub keeps now of the wallet of `name`. */
async function hubCopy(network: TestNetwork, name: string): Promise<Response> {
  const { identity } = deriveKeys(network.seedOf(name))
  const ledger = await LedgerClient.connect({ url: network.ledgerUrl, openSocket: openWsSocket })
  const { time } = await ledger.refresh()
  const backups = new HubBackups(network.hubUrl, fetch, ledger.chainId, identity)
  const copy = await backups.get(undefined, time, AbortSignal.timeout(5_000))
  return new Response(copy ?? assert.fail('the hub keeps a backup'))
}

describe('a wallet whose disk is gone', () => {
  test("BAK-4 BAK-5 KEY-2 comes back from its words and the hub's copy: invoices, keys of payments, channels", async (t) => {
    const network = await startTestNetwork(t, ['shop', 'bob'])
    const shop = await openStore(t, network, 'shop', 'shop.db')
    const { wallet: bob } = await network.wallet('bob')
    const channel = await shop.wallet.openChannel({ deposit: 100n * ONE })
    const bill = await bob.createInvoice({ value: 10n * ONE })
    await shop.wallet.pay(bill.text, { key: 'rent' })
    const open = await shop.wallet.createInvoice({ value: 5n * ONE, description: 'A lamp' })
    await shop.close()

    const again = await openStore(t, network, 'shop', 'again.db')
    assert.deepEqual([again.restored(), again.problems()], [[1], []])
    assert.deepEqual(await again.wallet.invoice(open.anchor), open)
    const paid = await again.wallet.pay(bill.text, { key: 'rent' })
    assert.deepEqual([paid.status, paid.amount], ['paid', 10n * ONE])
    // The hub has said from where the channel goes on: the invoice can still be paid.
    await again.wallet.connected()
    const held = again.wallet.allChannels().map(({ party, books }) => [party.ledger.id, books])
    assert.deepEqual(Object.fromEntries(held), { [channel]: 'whole' })
    await bob.openChannel({ deposit: 50n * ONE })
    assert.equal((await bob.pay(open.text, { key: open.text })).status, 'paid')
    assert.equal((await again.wallet.paid(open.anchor)).amount, 5n * ONE)
    const fresh = await again.wallet.openChannel({ deposit: 20n * ONE })
    assert.equal(again.wallet.channels().find((one) => one.party.ledger.id === fresh)?.keyIndex, 1)
  })

  test('BAK-4 INV-26 a store begun while the hub was away says at every start what it lacks', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await openStore(t, network, 'alice', 'alice.db')
    const bob = await openStore(t, network, 'bob', 'bob.db')
    await alice.wallet.openChannel({ deposit: 10n * ONE })
    const sale = await bob.wallet.createInvoice({ value: ONE })
    await Promise.all([alice.wallet.pay(sale.text, { key: 'rent' }), bob.wallet.paid(sale.anchor)])
    await alice.close()
    const away: Fetch = async (input, init) => {
      if (String(input).includes('/v1/hub')) throw new TypeError('no network')
      return fetch(input, init)
    }
    const begun = await openStore(t, network, 'alice', 'again.db', { fetch: away })
    assert.deepEqual(begun.problems(), ['backup_unreachable'])
    await begun.close()
    const later = await openStore(t, network, 'alice', 'again.db')
    assert.ok(later.problems().includes('backup_missed'))
    await later.close()
    const right = await openStore(t, network, 'alice', 'third.db')
    assert.deepEqual(right.problems(), [])
  })

  test('BAK-3 BAK-4 comes back from a file with no hub at hand; the store must be a new one', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await openStore(t, network, 'alice', 'alice.db')
    const channel = await alice.wallet.openChannel({ deposit: 10n * ONE })
    const first = await alice.wallet.exportBackup()
    const backup = await alice.wallet.exportBackup()
    await alice.close()
    const away: Fetch = async (input, init) => {
      if (String(input).includes('/v1/hub')) throw new TypeError('no network')
      return fetch(input, init)
    }
    const again = await openStore(t, network, 'alice', 'again.db', { backup, fetch: away })
    assert.deepEqual([again.restored(), again.problems()], [[2], ['backup_unreachable']])
    assert.equal(again.wallet.allChannels()[0]?.party.ledger.id, channel)
    await again.close()
    await assert.rejects(openStore(t, network, 'alice', 'again.db', { backup: first }), {
      code: 'store_not_empty',
    })
    await assert.rejects(openStore(t, network, 'bob', 'bob.db', { backup }), {
      code: 'backup_of_other_words',
    })
    const foreign = Uint8Array.of(255, ...backup.subarray(1))
    await assert.rejects(openStore(t, network, 'alice', 'third.db', { backup: foreign }), {
      code: 'backup_format_unknown',
    })
  })
})

describe('INV-42 a hub that gives an old backup', () => {
  test('BAK-7 is found out by a copy in a file, which counts; also where it says to have none', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await openStore(t, network, 'alice', 'alice.db')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    await alice.close()
    const old = await hubCopy(network, 'alice')

    const going = await openStore(t, network, 'alice', 'alice.db')
    const open = await going.wallet.createInvoice({ value: ONE })
    await going.close()
    const again = await openStore(t, network, 'alice', 'alice.db')
    const backup = await again.wallet.exportBackup()
    await again.close()

    for (const [file, copy] of [
      ['older.db', old],
      ['none.db', 'nothing'],
    ] as const) {
      const fetch = rolledBackTo(copy)
      const victim = await openStore(t, network, 'alice', file, { backup, fetch })
      assert.deepEqual(victim.problems(), ['backup_rolled_back'])
      assert.equal((await victim.wallet.invoice(open.anchor))?.status, 'open')
      await victim.close()
    }
    // The honest hub has a later one than the file: nothing is wrong, and the newer one counts.
    const honest = await openStore(t, network, 'alice', 'honest.db', { backup })
    assert.deepEqual(honest.problems(), [])
  })

  test("BAK-8 INV-9 is found out by a watchtower's proofs, which count", async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await openStore(t, network, 'alice', 'alice.db')
    const { wallet: bob } = await network.wallet('bob')
    const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
    await alice.close()
    const old = await hubCopy(network, 'alice')

    const going = await openStore(t, network, 'alice', 'alice.db')
    await payAcross(going.wallet, bob, 10n * ONE)
    await payAcross(bob, going.wallet, ONE)
    const entrusted = going.wallet.entrust(channel, APPOINTMENT)
    await going.close()

    const fetch = rolledBackTo(old)
    const victim = await openStore(t, network, 'alice', 'victim.db', {
      fetch,
      entrusted: [entrusted],
    })
    assert.deepEqual(victim.problems(), ['backup_rolled_back'])
    const { party } = victim.wallet.allChannels()[0] ?? assert.fail('the channel is there')
    assert.deepEqual(
      [party.own, party.peerEvidence],
      [entrusted.own?.lane, entrusted.proof?.evidence],
    )
    assert.ok(party.own.version > 0)
  })

  test('BAK-8 watchtowers are enough: a channel that no backup names comes back with their proofs', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const alice = await openStore(t, network, 'alice', 'alice.db')
    const { wallet: bob } = await network.wallet('bob')
    const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
    await payAcross(alice.wallet, bob, 10n * ONE)
    await payAcross(bob, alice.wallet, ONE)
    const entrusted = alice.wallet.entrust(channel, APPOINTMENT)
    await alice.close()
    const again = await openStore(t, network, 'alice', 'again.db', {
      fetch: rolledBackTo('nothing'),
      entrusted: [entrusted],
    })
    const { party, books } = again.wallet.allChannels()[0] ?? assert.fail('the channel is there')
    assert.deepEqual([party.own, books], [entrusted.own?.lane, 'lost'])
  })

  test('BAK-5 a wallet with an old store does not put its own in place of a newer one', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await openStore(t, network, 'alice', 'alice.db')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    await alice.close()
    // Another device: it takes the first backup, and makes the second and the third.
    const other = await openStore(t, network, 'alice', 'other.db')
    await other.wallet.openChannel({ deposit: 10n * ONE })
    await other.close()

    const old = await openStore(t, network, 'alice', 'alice.db')
    const refused = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (!old.problems().includes('backup_version_falls')) return
        clearInterval(timer)
        resolve()
      }, 50)
    })
    await old.wallet.createInvoice({ value: ONE })
    await refused
    await old.close()
    const again = await openStore(t, network, 'alice', 'again.db')
    assert.deepEqual([again.restored(), again.wallet.channels().length], [[2], 2])
  })
})
