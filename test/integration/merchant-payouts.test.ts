import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { keyLock, lockRoot, signerFromSeed } from '@tallystick/protocol'
import { type Answer, MERCHANT, MerchantProcess } from './merchant-process.js'
import { ONE, startTestNetwork } from './test-network.js'

test("a shop's server pays out of its channel to locks on the ledger, once, whenever it dies", async (t) => {
  const network = await startTestNetwork(t, ['customer'])
  let shop = await MerchantProcess.start(network, 'shop')
  t.after(() => shop.kill())
  const customer = await network.wallet('customer')
  await customer.wallet.openChannel({ deposit: 100n * ONE })
  const { body: sale } = await shop.post('/v1/invoices', { amount: `${60n * ONE}` })
  await customer.wallet.pay(sale.invoice, { key: sale.invoice })
  const lockOf = (name: number) =>
    lockRoot(keyLock(signerFromSeed(new Uint8Array(32).fill(name)).publicKey))
  const arrived = async (name: number) =>
    (await customer.ledger.coinsOf(lockOf(name))).map(({ coin }) => coin.amount)
  const until = async (path: string, status: string): Promise<Answer> => {
    for (let after = ''; ; ) {
      const answer = await shop.get(path)
      if (answer.body.status === status) return answer
      const { body } = await shop.get(`/v1/events?wait=1${after}`)
      if (body.next !== null) after = `&after=${body.next}`
    }
  }
  const typesOf = async (object: string): Promise<string[]> => {
    const { body } = await shop.get('/v1/events')
    return body.data
      .filter((event: { data: { id: string } }) => event.data.id === object)
      .map(({ type }: { type: string }) => type)
  }
  const books = () =>
    new Promise<{ code: number; exported: { movements: Record<string, string>[] } }>((resolve) => {
      const args = [
        'books',
        'export',
        '--format',
        'json',
        '--data',
        shop.dataDir,
        '--url',
        shop.url,
      ]
      execFile(process.execPath, [MERCHANT, ...args], (error, stdout) =>
        resolve({ code: error === null ? 0 : Number(error.code), exported: JSON.parse(stdout) }),
      )
    })

  // The hub has shown the payer the preimage; what it owes the shop for that comes behind.
  await until(`/v1/invoices/${sale.id}`, 'paid')

  let first = ''
  await t.test('ACCOUNT-4 PAY-9 the same key is the same payout', async () => {
    const order = { amount: `${20n * ONE}`, lock: lockOf(7), description: 'Rent' }
    const made = await shop.post('/v1/payouts', order, { key: 'rent' })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    first = made.body.id
    const again = await shop.post('/v1/payouts', order, { key: 'rent' })
    assert.equal(again.body.id, first)
    const other = await shop.post('/v1/payouts', { ...order, lock: lockOf(8) }, { key: 'rent' })
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency_key_reused'])
    const { body } = await until(`/v1/payouts/${first}`, 'paid')
    assert.match(body.transaction, /^[0-9a-f]{64}$/)
    assert.deepEqual(await arrived(7), [20n * ONE])
    assert.deepEqual(await typesOf(first), ['payout.paid'])
  })

  await t.test('ACCOUNT-2 counts against the limits of key and account, with its fee', async () => {
    const { body: account } = await shop.post('/v1/accounts', {
      ...{ name: 'Anna', total: `${5n * ONE}` },
    })
    const { body: key } = await shop.post('/v1/keys', {
      ...{ account: account.id, name: 'night', permissions: ['read', 'pay'] },
    })
    const { token } = key
    const ask = (amount: bigint, lock: number) =>
      shop.post('/v1/payouts', { amount: `${amount}`, lock: lockOf(lock) }, { token })
    const refused = await ask(5n * ONE, 9)
    assert.deepEqual([refused.status, refused.body.code], [403, 'spending_limit_exceeded'])
    const made = await ask(3n * ONE, 9)
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const above = await ask(2n * ONE, 9)
    assert.deepEqual([above.status, above.body.code], [403, 'spending_limit_exceeded'])
    await until(`/v1/payouts/${made.body.id}`, 'paid')
    assert.deepEqual(await arrived(9), [3n * ONE])
    const seen = await shop.get('/v1/payouts', token)
    assert.deepEqual(
      seen.body.data.map(({ id }: { id: string }) => id),
      [made.body.id],
    )
    assert.equal((await shop.get(`/v1/payouts/${first}`, token)).status, 404)
  })

  await t.test('what is refused before it is begun leaves nothing behind', async () => {
    const order = { amount: `${500n * ONE}`, lock: lockOf(8) }
    const refused = await shop.post('/v1/payouts', order, { key: 'too-much' })
    assert.deepEqual([refused.status, refused.body.code], [422, 'insolvent'])
    const { body } = await shop.get('/v1/payouts')
    assert.equal(body.data.length, 2)
    for (const wrong of [
      { amount: '1000000' },
      { amount: '1000000', lock: 'here' },
      { amount: '0', lock: null },
      { amount: null, lock: null },
    ]) {
      const { status } = await shop.post('/v1/payouts', wrong)
      assert.equal(status, 400, JSON.stringify(wrong))
    }
  })

  await t.test(
    'INV-26 one whose process dies goes on at the next start, and is told once',
    async () => {
      const order = { amount: `${4n * ONE}`, lock: lockOf(11) }
      const asked = shop.post('/v1/payouts', order, { key: 'dies' }).catch(() => undefined)
      // It is under way as soon as it is listed; it dies before anybody is told.
      for (let listed = 2; listed < 3; ) {
        listed = (await shop.get('/v1/payouts')).body.data.length
      }
      await shop.kill()
      await asked
      shop = await MerchantProcess.start(network, 'shop')
      const made = await shop.post('/v1/payouts', order, { key: 'dies' })
      await until(`/v1/payouts/${made.body.id}`, 'paid')
      assert.deepEqual(await arrived(11), [4n * ONE])
      assert.deepEqual(await typesOf(made.body.id), ['payout.paid'])
    },
  )

  await t.test("to the shop's own coins it costs nothing", async () => {
    const order = { amount: `${6n * ONE}`, lock: null }
    const made = await shop.post('/v1/payouts', order)
    const { body } = await until(`/v1/payouts/${made.body.id}`, 'paid')
    assert.deepEqual([body.fee, body.transaction], ['0', null])
  })

  await t.test('lists are read page by page', async () => {
    const ids: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await shop.get(`/v1/payouts?limit=1${cursor}`)
      ids.push(...body.data.map(({ id }: { id: string }) => id))
      if (!body.has_more) break
      cursor = `&cursor=${body.next}`
    }
    assert.equal(ids.length, 4)
    assert.equal(ids.at(-1), first)
    assert.equal((await shop.get('/v1/payouts?status=failed')).body.data.length, 0)
  })

  await t.test('BOOKS-2 the books name each payout, and reconcile', async () => {
    const { code, exported } = await books()
    assert.equal(code, 0, JSON.stringify(exported))
    const of = (kind: string) => exported.movements.filter((row) => row['kind'] === kind)
    assert.deepEqual(
      of('payout').map(({ ledger, text, channels }) => [ledger, text, channels]),
      [
        [`${-20n * ONE}`, 'Rent', '0'],
        [`${-3n * ONE}`, '', '0'],
        [`${-4n * ONE}`, '', '0'],
      ],
    )
    assert.equal(of('payout')[0]?.['reference'], first)
    assert.equal(of('payout_fee').length, 3)
    assert.equal(of('channel_payout').length, 4)
    assert.deepEqual([of('withdrawal'), of('deposit'), of('ledger_fee')], [[], [], []])
  })
})
