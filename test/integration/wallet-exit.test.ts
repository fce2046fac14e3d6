import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'
import { placeOf, startWalletCommand, walletCommand } from './wallet-command.js'

/** What a plain force close of these tests takes out of the channel, base units. */
const FEE_MAX = ONE / 1_000n

/** Alice has paid 40 to a shop out of a channel of 100; both have put their wallets away. */
async function afterSale(network: TestNetwork): Promise<void> {
  const alice = await network.wallet('alice')
  const shop = await network.wallet('shop')
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  await pay(alice.wallet, shop.wallet, 40n * ONE)
  await Promise.all([alice.close(), shop.close()])
}

type Wallet = Awaited<ReturnType<TestNetwork['wallet']>>['wallet']

async function pay(payer: Wallet, shop: Wallet, value: bigint): Promise<void> {
  const sale = await shop.createInvoice({ value })
  await Promise.all([payer.pay(sale.text), shop.paid(sale.anchor)])
}

/** `work` while the hub does nothing at all, without its connections noticing. */
async function withoutHub(network: TestNetwork, work: () => Promise<void>): Promise<void> {
  const hub = Number(readFileSync(join(network.dir, 'hub.pid'), 'utf8'))
  process.kill(hub, 'SIGSTOP')
  await work().finally(() => process.kill(hub, 'SIGCONT'))
}

type Channel = {
  readonly step?: { readonly kind: string; readonly unsure?: boolean; readonly fee?: string }
  readonly payout_least?: string
  readonly payout_most?: string
  readonly settled?: {
    readonly kind: string
    readonly paid_client: string
    readonly penalized: boolean
    readonly penalty: string
    readonly unsure: boolean
  }
}

/** The one channel that a command with `--json` tells of. */
function channelOf(stdout: string): Channel {
  const { channels } = JSON.parse(stdout) as { readonly channels: readonly Channel[] }
  const [channel] = channels
  assert.ok(channel !== undefined && channels.length === 1, stdout)
  return channel
}

describe('wallet exit on real processes', () => {
  test('INV-4 INV-14 INV-15 INV-28 brings home what was shown, over kill -9, the hub being away', async (t) => {
    const network = await startTestNetwork(t, ['alice'], 6)
    await afterSale(network)
    const place = placeOf(network, 'shop')
    await withoutHub(network, async () => {
      const planned = await walletCommand('exit', ...place, '--plan', '--json')
      assert.equal(planned.code, 0, planned.stderr)
      const { step, payout_least, payout_most } = channelOf(planned.stdout)
      assert.deepEqual([step?.kind, step?.unsure], ['force_close', false])
      assert.equal(BigInt(payout_least ?? 0), 40n * ONE - BigInt(step?.fee ?? 0))
      assert.equal(payout_most, payout_least)
      const unasked = await walletCommand('exit', ...place, '--json')
      assert.equal(unasked.code, 1)
      assert.match(unasked.stdout, /"code":"not_confirmed"/)

      const first = startWalletCommand('exit', ...place, '--yes', '--wait')
      const ended = once(first, 'exit')
      assert.ok(first.stderr !== null)
      for await (const line of createInterface({ input: first.stderr })) {
        if (line.startsWith('channel 1: closing; the window ends after')) first.kill('SIGKILL')
      }
      assert.deepEqual(await ended, [null, 'SIGKILL'])

      const left = await walletCommand('exit', ...place, '--yes', '--wait', '--json')
      assert.equal(left.code, 0, left.stderr)
      const { settled } = channelOf(left.stdout)
      assert.deepEqual([settled?.kind, settled?.penalized], ['disputed', false])
      assert.equal(settled?.paid_client, payout_least)
      const history = await walletCommand('history', ...place)
      assert.match(history.stdout, /closed by you alone, finalized at .* UTC\n.*paid 39\.9\d+ GBP/)
      const out = join(network.dir, 'nothing.exit')
      const empty = await walletCommand('bundle', ...place, '--out', out)
      assert.equal(empty.code, 1)
      assert.match(empty.stderr, /^no_channels: no channel is open.*$/m)
      assert.equal(existsSync(out), false)
    })
  })

  test('INV-4 DSP-9 an old bundle costs no penalty: the hub answers, and what is due comes home', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const bundle = join(network.dir, 'alice.exit')
    const alice = await network.wallet('alice')
    const shop = await network.wallet('shop')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    await pay(alice.wallet, shop.wallet, 40n * ONE)
    await alice.close()
    const made = await walletCommand(
      'bundle',
      ...placeOf(network, 'alice'),
      '--out',
      bundle,
      '--json',
    )
    assert.equal(made.code, 0, made.stderr)
    assert.equal(statSync(bundle).mode & 0o777, 0o600)
    // She pays once more, and then words and store are gone; the hub is there, and knows better.
    const later = await network.wallet('alice')
    await pay(later.wallet, shop.wallet, 10n * ONE)
    const due = (await later.wallet.balance()).inChannels
    await later.close()

    const place = ['--bundle', bundle, '--ledger', network.ledgerUrl]
    const planned = channelOf((await walletCommand('exit', ...place, '--plan', '--json')).stdout)
    assert.deepEqual([planned.step?.unsure, planned.payout_least], [true, '0'])
    const left = await walletCommand('exit', ...place, '--yes', '--wait', '--json')
    assert.equal(left.code, 0, left.stderr)
    const { settled } = channelOf(left.stdout)
    assert.deepEqual([settled?.unsure, settled?.penalized, settled?.penalty], [true, false, '0'])
    const paid = BigInt(settled?.paid_client ?? 0)
    assert.ok(paid <= due && paid >= due - FEE_MAX, `${paid} of ${due}`)
  })

  test('INV-4 DSP-9 words alone, with no store and no hub, bring home what the ledger knows of', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await network.wallet('alice')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    await alice.close()
    const place = placeOf(network, 'alice', 'new.db')
    await withoutHub(network, async () => {
      const missing = await walletCommand('exit', ...place, '--yes', '--json')
      assert.match(missing.stdout, /"code":"store_missing"/)
      const left = await walletCommand('exit', ...place, '--new-store', '--yes', '--wait', '--json')
      assert.equal(left.code, 0, left.stderr)
      const { settled } = channelOf(left.stdout)
      assert.deepEqual([settled?.unsure, settled?.penalized], [true, false])
      assert.ok(BigInt(settled?.paid_client ?? 0) >= 100n * ONE - FEE_MAX)
    })
  })

  test('JRN-6 refuses by name what cannot be used, and leaves everything as it is', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const alice = await network.wallet('alice')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    const place = placeOf(network, 'alice')
    const busy = await walletCommand('status', ...place, '--json')
    assert.match(busy.stdout, /"code":"store_in_use"/)
    await alice.close()
    const files = ['alice.db', 'alice.db.mark']
    const kept = () => files.map((name) => readFileSync(join(network.dir, name), 'hex'))
    const before = kept()
    const status = await walletCommand('channels', ...place, '--json')
    assert.equal(channelOf(status.stdout).step, undefined)
    assert.match(status.stdout, /"yours":"100000000"/)
    await walletCommand('history', ...place)
    await walletCommand('exit', ...place, '--plan', '--unsure')
    assert.deepEqual(kept(), before)

    const file = join(network.dir, 'damaged.exit')
    writeFileSync(file, 'not a bundle')
    const damaged = ['--bundle', file, '--ledger', network.ledgerUrl, '--yes', '--json']
    const { code, stdout } = await walletCommand('exit', ...damaged)
    assert.equal(code, 1)
    assert.match(stdout, /"code":"bundle_damaged"/)
    // A copy without its mark is refused, but for the owner's word that it may be old.
    copyFileSync(join(network.dir, 'alice.db'), join(network.dir, 'copy.db'))
    const copy = placeOf(network, 'alice', 'copy.db')
    const trusted = await walletCommand('exit', ...copy, '--plan', '--json')
    assert.match(trusted.stdout, /"code":"mark_missing"/)
    const doubted = await walletCommand('exit', ...copy, '--plan', '--unsure', '--json')
    const { step, payout_least } = channelOf(doubted.stdout)
    assert.deepEqual([step?.unsure, payout_least], [true, '0'])
    // To look is not to take: the copy is what it was, and so is a store that is not there.
    assert.deepEqual(readFileSync(join(network.dir, 'copy.db'), 'hex'), before[0])
    const fresh = placeOf(network, 'alice', 'fresh.db')
    const found = await walletCommand('exit', ...fresh, '--plan', '--new-store', '--json')
    assert.deepEqual(channelOf(found.stdout).step?.unsure, true)
    for (const name of ['copy.db.mark', 'fresh.db', 'fresh.db.mark']) {
      assert.ok(!existsSync(join(network.dir, name)), name)
    }
    const closed = await walletCommand('exit', ...place, '--channel', '7', '--json')
    assert.match(closed.stdout, /"code":"channel_unknown"/)
    const open = await walletCommand('exit', ...place, '--plan', '--json')
    assert.equal(channelOf(open.stdout).step?.kind, 'force_close')
  })
})
