import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WalletError } from '@tallystick/client-sdk'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import { keyLock, type LockRoot, lockRoot, signerFromSeed } from '@tallystick/protocol'
import type { DeathStage, PayoutOrder } from './payout-process.js'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'

const PAYOUT_PROCESS = fileURLToPath(new URL('./payout-process.js', import.meta.url))

/** A lock of somebody outside. */
function bankLock(name: number): LockRoot {
  return lockRoot(keyLock(signerFromSeed(new Uint8Array(32).fill(name)).publicKey))
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof WalletError && error.code === code
}

test('HUB-15 CH-17 a merchant pays itself out of a channel, to any lock, and is paid over it on', async (t) => {
  const network = await startTestNetwork(t, ['ann'])
  const ann = await network.wallet('ann')
  const shop = await network.wallet('shop')
  await ann.wallet.openChannel({ deposit: 100n * ONE })
  const sell = async (value: bigint, key: string) => {
    const sale = await shop.wallet.createInvoice({ value })
    assert.equal((await ann.wallet.pay(sale.text, { key })).status, 'paid')
    // The hub has shown the payer the preimage; what it owes the shop for that comes behind.
    await shop.wallet.paid(sale.anchor)
  }
  await sell(40n * ONE, 'first')

  await shop.wallet.withdraw({ key: 'home', value: 10n * ONE })
  assert.equal((await shop.wallet.balance()).onLedger, 10n * ONE)

  const bank = bankLock(7)
  const wish = { key: 'to the bank', value: 20n * ONE, lock: bank }
  // PAY-9: asked for twice at once, and again afterwards, it is one payout.
  const [first, second] = await Promise.all([
    shop.wallet.withdraw(wish),
    shop.wallet.withdraw(wish),
  ])
  assert.deepEqual(second, first)
  assert.deepEqual(await shop.wallet.withdraw(wish), first)
  const arrived = await shop.ledger.coinsOf(bank)
  assert.deepEqual(
    arrived.map(({ coin }) => coin.amount),
    [20n * ONE],
  )
  await assert.rejects(shop.wallet.withdraw({ ...wish, value: 21n * ONE }), hasCode('key_reused'))
  await assert.rejects(shop.wallet.withdraw({ ...wish, lock: bankLock(8) }), hasCode('key_reused'))
  await assert.rejects(
    shop.wallet.withdraw({ key: 'dust', value: 1n }),
    hasCode('amount_too_small'),
  )
  const { items } = await shop.wallet.payouts()
  assert.deepEqual(
    items.map(({ status, value, order }) => [status, value, order]),
    [
      ['paid', 20n * ONE, 2],
      ['paid', 10n * ONE, 1],
    ],
  )

  // Payouts that are the same but for their keys leave the channel one after the other, and each arrives.
  const equal = await Promise.all(
    ['a', 'b', 'c'].map((key) => shop.wallet.withdraw({ key, value: ONE, lock: bankLock(9) })),
  )
  assert.deepEqual(new Set(equal.map(({ status }) => status)), new Set(['paid']))
  assert.equal((await shop.ledger.coinsOf(bankLock(9))).length, 3)

  await sell(8n * ONE, 'second')
  const [channel] = shop.wallet.channels()
  await assert.rejects(shop.wallet.withdraw({ key: 'all', value: 30n * ONE }), hasCode('insolvent'))
  assert.equal(await shop.wallet.payoutOf('all'), undefined)
  await shop.wallet.closeChannel(channel?.party.ledger.id ?? assert.fail())
  const { onLedger } = await shop.wallet.balance()
  // 48 were sold for, 23 went out; the fees of sending and closing are a few base units.
  assert.ok(onLedger > 24n * ONE && onLedger <= 25n * ONE, `${onLedger}`)
})

test('INV-26 PAY-9 a payout whose process dies on the way arrives once, by itself, when the wallet is next open', async (t) => {
  const network = await startTestNetwork(t, ['shop'])
  const open = await network.wallet('shop')
  await open.wallet.openChannel({ deposit: 500n * ONE })
  await open.close()
  const stages: readonly DeathStage[] = ['withdrawing', 'sending', 'signed']
  for (const [i, stage] of stages.entries()) {
    await t.test(stage, async () => {
      const lock = bankLock(20 + i)
      await payAndDie(network, { key: stage, value: `${7n * ONE}`, lock, stage })
      // Nobody asks for it: what was begun goes on.
      const again = await openUntilPaid(network)
      const coins = await again.ledger.coinsOf(lock)
      assert.deepEqual(
        coins.map(({ coin }) => coin.amount),
        [7n * ONE],
      )
      const known = await again.wallet.withdraw({ key: stage, value: 7n * ONE, lock })
      assert.equal(known.status, 'paid')
      assert.equal((await again.ledger.coinsOf(lock)).length, 1)
      await again.close()
    })
  }
})

/** The shop's wallet, which only is open until it says that a payout was paid. */
async function openUntilPaid({
  ledgerUrl,
  hubUrl,
  dir,
  seedOf,
}: TestNetwork): Promise<OpenedWallet> {
  return new Promise((resolve, reject) => {
    let paid = () => {}
    const isPaid = new Promise<void>((done) => {
      paid = done
    })
    openWallet({
      ...{ words: seedOf('shop'), file: join(dir, 'shop.db'), ledgerUrl, hubUrl },
      onEvent: (notice) => {
        if (notice.kind === 'payout' && notice.payout.status === 'paid') paid()
      },
    }).then((opened) => isPaid.then(() => resolve(opened)), reject)
  })
}

async function payAndDie(
  { ledgerUrl, hubUrl, dir, seedOf }: TestNetwork,
  wish: Pick<PayoutOrder, 'key' | 'value' | 'lock' | 'stage'>,
): Promise<void> {
  const order: PayoutOrder = {
    ...{ seed: [...seedOf('shop')], file: join(dir, 'shop.db'), ledgerUrl, hubUrl },
    ...wish,
  }
  const child = spawn(process.execPath, [PAYOUT_PROCESS, JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL', 'the process died where it was to')
}
