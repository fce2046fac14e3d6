import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'
import { placeOf, startWalletCommand, walletCommand } from './wallet-command.js'

/** What a plain force close of these tests takes out of the channel, base units. */
const FEE_MAX = ONE / 1_000n

type Wallet = Awaited<ReturnType<TestNetwork['wallet']>>['wallet']

async function pay(payer: Wallet, shop: Wallet, value: bigint): Promise<void> {
  const sale = await shop.createInvoice({ value })
  await Promise.all([payer.pay(sale.text, { key: sale.text }), shop.paid(sale.anchor)])
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

/**
 * All of it in one network, the windows overlapping: alice's shop and carla leave while the hub does
 * nothing, then bella by an old bundle, while dora's store is refused whatever is wrong with it.
 */
test('wallet exit on real processes', { concurrency: 2 }, async (t) => {
  const network = await startTestNetwork(t, ['alice', 'bella', 'carla', 'dora'])
  const [alice, shop, carla] = [
    await network.wallet('alice'),
    await network.wallet('shop'),
    await network.wallet('carla'),
  ]
  await Promise.all([
    alice.wallet
      .openChannel({ deposit: 100n * ONE })
      .then(() => pay(alice.wallet, shop.wallet, 40n * ONE)),
    carla.wallet.openChannel({ deposit: 100n * ONE }),
  ])
  await Promise.all([alice.close(), shop.close(), carla.close()])

  const overKill = async () => {
    const place = placeOf(network, 'shop')
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
      if (/^channel \d+: closing; the window ends after/.test(line)) first.kill('SIGKILL')
    }
    assert.deepEqual(await ended, [null, 'SIGKILL'])

    const status = await walletCommand('status', ...place, '--json')
    // It may be settled by now; while it is not, it is closing.
    assert.doesNotMatch(status.stdout, /"phase":"(?!closing)/)
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
  }

  const byWords = async () => {
    const place = placeOf(network, 'carla', 'new.db')
    const missing = await walletCommand('exit', ...place, '--yes', '--json')
    assert.match(missing.stdout, /"code":"store_missing"/)
    const left = await walletCommand('exit', ...place, '--new-store', '--yes', '--wait', '--json')
    assert.equal(left.code, 0, left.stderr)
    const { settled } = channelOf(left.stdout)
    assert.deepEqual([settled?.unsure, settled?.penalized], [true, false])
    assert.ok(BigInt(settled?.paid_client ?? 0) >= 100n * ONE - FEE_MAX)
  }

  const byOldBundle = async () => {
    const bundle = join(network.dir, 'bella.exit')
    const bella = await network.wallet('bella')
    const shop = await network.wallet('baker')
    await bella.wallet.openChannel({ deposit: 100n * ONE })
    await pay(bella.wallet, shop.wallet, 40n * ONE)
    await bella.close()
    for (const flags of [[], ['--replace']]) {
      const args = [...placeOf(network, 'bella'), '--out', bundle, ...flags]
      const made = await walletCommand('bundle', ...args, '--json')
      assert.equal(made.code, 0, made.stderr)
    }
    assert.equal(statSync(bundle).mode & 0o777, 0o600)
    // She pays once more, and then words and store are gone; the hub is there, and knows better.
    const later = await network.wallet('bella')
    await pay(later.wallet, shop.wallet, 10n * ONE)
    const due = (await later.wallet.balance()).inChannels
    await later.close()
    // It is hers alone to replace.
    await shop.close()
    const others = [...placeOf(network, 'baker'), '--out', bundle, '--replace', '--json']
    const kept = await walletCommand('bundle', ...others)
    assert.match(kept.stdout, /"code":"file_not_replaced"/)

    const place = ['--bundle', bundle, '--ledger', network.ledgerUrl]
    const planned = channelOf((await walletCommand('exit', ...place, '--plan', '--json')).stdout)
    assert.deepEqual([planned.step?.unsure, planned.payout_least], [true, '0'])
    const left = await walletCommand('exit', ...place, '--yes', '--wait', '--json')
    assert.equal(left.code, 0, left.stderr)
    const { settled } = channelOf(left.stdout)
    assert.deepEqual([settled?.unsure, settled?.penalized, settled?.penalty], [true, false, '0'])
    const paid = BigInt(settled?.paid_client ?? 0)
    assert.ok(paid <= due && paid >= due - FEE_MAX, `${paid} of ${due}`)
  }

  const refused = async () => {
    const dora = await network.wallet('dora')
    await dora.wallet.openChannel({ deposit: 100n * ONE })
    const place = placeOf(network, 'dora')
    const busy = await walletCommand('status', ...place, '--json')
    assert.match(busy.stdout, /"code":"store_in_use"/)
    await dora.close()
    const files = ['dora.db', 'dora.db.mark']
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
    copyFileSync(join(network.dir, 'dora.db'), join(network.dir, 'copy.db'))
    const copy = placeOf(network, 'dora', 'copy.db')
    const trusted = await walletCommand('exit', ...copy, '--plan', '--json')
    assert.match(trusted.stdout, /"code":"mark_missing"/)
    const doubted = await walletCommand('exit', ...copy, '--plan', '--unsure', '--json')
    const { step, payout_least } = channelOf(doubted.stdout)
    assert.deepEqual([step?.unsure, payout_least], [true, '0'])
    // To look is not to take: the copy is what it was, and so is a store that is not there.
    assert.deepEqual(readFileSync(join(network.dir, 'copy.db'), 'hex'), before[0])
    const fresh = placeOf(network, 'dora', 'fresh.db')
    const found = await walletCommand('exit', ...fresh, '--plan', '--new-store', '--json')
    assert.deepEqual(channelOf(found.stdout).step?.unsure, true)
    for (const name of ['copy.db.mark', 'fresh.db', 'fresh.db.mark']) {
      assert.ok(!existsSync(join(network.dir, name)), name)
    }
    truncateSync(join(network.dir, 'copy.db'), 5_000)
    const cut = await walletCommand('exit', ...copy, '--plan', '--unsure', '--json')
    assert.match(cut.stdout, /"code":"store_corrupt".*wallet exit --new-store/)
    const closed = await walletCommand('exit', ...place, '--channel', '77', '--json')
    assert.match(closed.stdout, /"code":"channel_unknown"/)
    const open = await walletCommand('exit', ...place, '--plan', '--json')
    assert.equal(channelOf(open.stdout).step?.kind, 'force_close')
  }

  await withoutHub(network, async () => {
    await Promise.all([
      t.test(
        'INV-4 INV-14 INV-15 INV-28 brings home what was shown, over kill -9, the hub being away',
        overKill,
      ),
      t.test(
        'INV-4 DSP-9 words alone, with no store and no hub, bring home what the ledger knows of',
        byWords,
      ),
    ])
  })
  await Promise.all([
    t.test(
      'INV-4 DSP-9 an old bundle costs no penalty: the hub answers, and what is due comes home',
      byOldBundle,
    ),
    t.test('JRN-6 refuses by name what cannot be used, and leaves everything as it is', refused),
  ])
})
