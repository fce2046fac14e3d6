import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { keyLock, lockRoot, signerFromSeed } from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'
import { startWalletCommand, walletCommand } from './wallet-command.js'

const LOCK = lockRoot(keyLock(signerFromSeed(new Uint8Array(32).fill(7)).publicKey))

/** The objects that a command prints, a line each, as they come. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever field it expects
async function* objectsOf({ stdout }: ChildProcess): AsyncGenerator<any> {
  if (stdout === null) return
  for await (const line of createInterface({ input: stdout })) yield JSON.parse(line)
}

test('wallet receive --offer, withdraw, receipt and history on real processes', async (t) => {
  const network = await startTestNetwork(t, ['customer'])
  const { wallet: customer, ledger } = await network.wallet('customer')
  await customer.openChannel({ deposit: 100n * ONE })
  const shop = ['--wallet', join(network.dir, 'shop'), '--json']
  const run = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await walletCommand(...args, ...shop)
    return { code, said: JSON.parse(stdout.split('\n')[0] ?? ''), stderr }
  }
  const to = ['--ledger', network.ledgerUrl, '--hub', network.hubUrl]
  const made = await run('init', ...to, '--words-file', join(network.dir, 'shop.words'))
  assert.equal(made.code, 0, made.stderr)
  const sale = startWalletCommand('receive', '20', '--wait', ...shop)
  const sold = objectsOf(sale)
  const { invoice } = (await sold.next()).value
  await customer.pay(invoice, { key: invoice })
  assert.equal((await sold.next()).value.status, 'paid')
  await once(sale, 'exit')

  await t.test('OFFER-1 an offer is made once, and what it brings is told', async () => {
    const offering = startWalletCommand('receive', '2', '--offer', '--wait', ...shop)
    const said = objectsOf(offering)
    const { offer, amount, status } = (await said.next()).value
    assert.deepEqual([offer.startsWith('tallyo1'), amount, status], [true, `${2n * ONE}`, 'active'])
    for (const key of ['one', 'two']) {
      const { anchor } = await customer.payOffer(offer, { key })
      const { value: paid } = await said.next()
      assert.deepEqual([paid.status, paid.anchor, paid.received], ['paid', anchor, `${2n * ONE}`])
    }
    offering.kill('SIGINT')
    assert.deepEqual(await once(offering, 'exit'), [0, null])
    // Again, by itself: the same offer.
    const again = startWalletCommand('receive', offer, ...shop)
    const shown = objectsOf(again)
    assert.equal((await shown.next()).value.offer, offer)
    assert.equal((await customer.payOffer(offer, { key: 'three' })).status, 'paid')
    assert.equal((await shown.next()).value.status, 'paid')
    again.kill('SIGINT')
    await once(again, 'exit')
    const held = await run('receive', '2', '--offer', '--hold')
    assert.deepEqual([held.code, held.said.error.code], [1, 'usage'])
  })

  await t.test('PAY-9 a payout is made once under its key', async () => {
    const wish = ['withdraw', '5', '--to', LOCK, '--key', 'rent', '--yes']
    const first = await run(...wish)
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(
      [first.said.status, first.said.amount, first.said.lock, first.said.key],
      ['paid', `${5n * ONE}`, LOCK, 'rent'],
    )
    assert.deepEqual((await run(...wish)).said, first.said)
    assert.deepEqual(
      (await ledger.coinsOf(LOCK)).map(({ coin }) => coin.amount),
      [5n * ONE],
    )
    const other = await run('withdraw', '6', '--to', LOCK, '--key', 'rent', '--yes')
    assert.deepEqual([other.code, other.said.error.code], [1, 'key_reused'])
    const unasked = await run('withdraw', '6', '--to', LOCK)
    assert.equal(unasked.said.error.code, 'not_confirmed')
    const nowhere = await run('withdraw', '6', '--to', 'here', '--yes')
    assert.deepEqual([nowhere.code, nowhere.said.error.code], [1, 'usage'])
  })

  await t.test(
    'RECEIPT-1 a receipt is made of a payment, and checked without a wallet',
    async () => {
      const bill = await customer.createInvoice({ value: ONE, description: 'Lessons' })
      assert.equal((await run('pay', bill.text, '--yes')).code, 0)
      const { code, said } = await run('receipt', bill.text)
      assert.deepEqual([code, said.receipt.startsWith('tallyr1')], [0, true])
      const checked = await walletCommand('receipt', said.receipt, '--json')
      const proves = JSON.parse(checked.stdout)
      assert.deepEqual(
        [checked.code, proves.valid, proves.amount, proves.amount_proven, proves.description],
        [0, true, `${ONE}`, true, 'Lessons'],
      )
      assert.equal(proves.payee, customer.identity)
      const forged = await walletCommand('receipt', `${said.receipt.slice(0, -1)}q`, '--json')
      assert.deepEqual(
        [forged.code, JSON.parse(forged.stdout).error.code],
        [1, 'receipt_malformed'],
      )
      const none = await run('receipt', '--key', 'nothing')
      assert.deepEqual([none.code, none.said.error.code], [1, 'payment_missing'])
    },
  )

  await t.test('the history has all of it, also what came unasked, page by page', async () => {
    // Whoever is only open takes it.
    const open = startWalletCommand('receive', '1', '--wait', ...shop)
    const said = objectsOf(open)
    const { invoice } = (await said.next()).value
    const { payee } = await customer.quote(invoice)
    await customer.paySpontaneously({ to: payee, amount: ONE, key: 'gift', message: 'Thanks' })
    open.kill('SIGINT')
    await once(open, 'exit')
    const kinds: string[] = []
    for (let after: string[] = []; ; ) {
      const { code, said, stderr } = await run('history', '--limit', '2', ...after)
      assert.equal(code, 0, stderr)
      kinds.push(
        ...said.entries.map(({ kind, status }: Record<string, string>) => `${kind} ${status}`),
      )
      if (said.next === null) break
      after = ['--after', said.next]
    }
    // Within one second of the ledger, lists come one after the other.
    assert.deepEqual(kinds.sort(), [
      ...['invoice open', 'invoice paid', 'invoice paid', 'invoice paid', 'invoice paid'],
      ...['invoice paid', 'payment paid', 'payout paid'],
    ])
  })
})
