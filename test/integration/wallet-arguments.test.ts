import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { WalletError } from '@tallystick/client-sdk'
import { openWallet } from '@tallystick/client-sdk/node'
import type { AppointmentTerms, LockRoot } from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'

/** The code of the `WalletError` that `call` ends with: what it answers is a promise, whatever it is handed. */
async function codeOf(call: () => Promise<unknown>): Promise<string> {
  const answer = call()
  try {
    await answer
  } catch (error) {
    return error instanceof WalletError ? error.code : `unnamed: ${error}`
  }
  return 'no error'
}

const anything = (value: unknown) => value as never

const appointed = (ppm: number) => {
  const [guardKey, payoutLock] = ['ab'.repeat(32), 'cd'.repeat(32)]
  return { guardKey, bounty: { ppm, payoutLock }, validUntil: 5 } as AppointmentTerms
}

describe('what a caller hands to the SDK', () => {
  test('MON-1 is checked at the border: a wrong argument is a WalletError with its own code', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet } = await network.wallet('alice')
    const amounts = [2n ** 63n, -1n, 0n, 1, undefined, null, '1'].map(anything)
    for (const value of amounts) {
      for (const call of [
        () => wallet.createInvoice({ value }),
        () => wallet.openChannel({ deposit: value }),
        () => wallet.requestChannel({ inbound: value }),
        () => wallet.ensureInbound(value),
        () => wallet.send({ lock: wallet.payoutLock, value }),
      ]) {
        assert.equal(await codeOf(call), 'amount_invalid', `${call} of ${String(value)}`)
      }
    }
    for (const expirySeconds of [Number.NaN, 1.5, -5, 0, 315_360_001, 2 ** 60, '60'].map(
      anything,
    )) {
      assert.equal(
        await codeOf(() => wallet.createInvoice({ value: 1n, expirySeconds })),
        'expiry_invalid',
      )
    }
    for (const description of ['\ud800', 'x'.repeat(1_025), 7].map(anything)) {
      assert.equal(
        await codeOf(() => wallet.createInvoice({ value: 1n, description })),
        'description_invalid',
      )
    }
    for (const asked of [null, 'x', 7].map(anything)) {
      assert.equal(await codeOf(() => wallet.createInvoice(asked)), 'argument_invalid')
    }
    const short = 'ab' as LockRoot
    const sale = '00'.repeat(32)
    for (const [call, code] of [
      [() => wallet.send({ lock: short, value: 1n }), 'lock_invalid'],
      [() => wallet.send({ lock: wallet.payoutLock, value: 1n, asset: 7 }), 'asset_unknown'],
      [() => wallet.paid(anything('x')), 'anchor_invalid'],
      [() => wallet.paid(anything('00'.repeat(32))), 'invoice_unknown'],
      [() => wallet.invoice(anything(undefined)), 'anchor_invalid'],
      [() => wallet.pay(anything(undefined), { key: 'a' }), 'invoice_malformed'],
      [() => wallet.pay('tally1', anything({})), 'key_required'],
      [() => wallet.refund('tally1', anything({ key: '', sale })), 'key_required'],
      [() => wallet.pay('tally1', { key: 'a', amount: 0n }), 'amount_invalid'],
      [() => wallet.pay('tally1', { key: 'a', lockSeconds: anything('9') }), 'expiry_invalid'],
      [() => wallet.payment(anything('x')), 'payment_invalid'],
      [() => wallet.payments({ limit: 0 }), 'page_invalid'],
      [() => wallet.invoices({ limit: 101 }), 'page_invalid'],
      [() => wallet.invoices({ after: '-1' }), 'page_invalid'],
      [() => wallet.invoices({ status: anything('lost') }), 'page_invalid'],
      [() => wallet.capture(anything('00'.repeat(32))), 'invoice_unknown'],
      [() => wallet.cancel(anything('00'.repeat(32))), 'invoice_unknown'],
      [() => wallet.createInvoice({ hold: anything('yes') }), 'argument_invalid'],
      [() => wallet.createInvoice({ descriptionHash: anything('ab') }), 'description_invalid'],
      [() => wallet.pay('tally1', { key: 'a', feeMax: anything(5) }), 'amount_invalid'],
      [() => wallet.pay('tally1', { key: anything(5) }), 'key_invalid'],
      [() => wallet.refund('tally1', { key: 'a', sale: anything('x') }), 'anchor_invalid'],
      [() => wallet.paymentOf(anything('\ud800')), 'key_invalid'],
      [() => wallet.payments({ status: anything('lost') }), 'page_invalid'],
      [() => wallet.payouts({ status: anything('lost') }), 'page_invalid'],
      [() => wallet.letterPayments({ status: anything('lost') }), 'page_invalid'],
      [() => wallet.stream.ended('paid', { limit: 0 }), 'page_invalid'],
      [() => wallet.closeChannel(anything(undefined)), 'channel_unknown'],
      [() => wallet.forceClose(anything(undefined)), 'channel_unknown'],
      [() => wallet.settled(anything('x')), 'channel_unknown'],
      [() => wallet.createInvoice({ value: 2n ** 62n }), 'inbound_out_of_bounds'],
      [async () => wallet.entrust(anything('x'), anything(undefined)), 'appointment_invalid'],
      [async () => wallet.entrust(anything('x'), appointed(1_000_001)), 'appointment_invalid'],
      [async () => wallet.entrust(anything('x'), appointed(1_000_000)), 'channel_unknown'],
    ] as const) {
      assert.equal(await codeOf(call), code, String(call))
    }
    const { ledgerUrl, hubUrl } = network
    const parts = {
      words: new Uint8Array(16),
      file: join(network.dir, 'other.db'),
      ledgerUrl,
      hubUrl,
    }
    for (const [change, code] of [
      [{ words: new Uint8Array(3) }, 'words_invalid'],
      [{ words: 'abandon' }, 'words_invalid'],
      [{ words: anything(undefined) }, 'words_invalid'],
      [{ hubUrl: 'nonsense' }, 'url_invalid'],
      [{ ledgerUrl: 'nonsense' }, 'url_invalid'],
      [{ hub: anything('ab') }, 'hub_invalid'],
    ] as const) {
      assert.equal(
        await codeOf(() => openWallet({ ...parts, ...change })),
        code,
        JSON.stringify(change),
      )
    }
  })

  test('a call without its named arguments is rejected as one without its first', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet } = await network.wallet('alice')
    const plain = anything(wallet) as { [name: string]: (...args: unknown[]) => Promise<unknown> }
    const calls: readonly [name: string, before: readonly unknown[], code: string][] = [
      ['pay', ['tally1'], 'key_required'],
      ['refund', ['tally1'], 'key_required'],
      ['payOffer', ['tallyo1'], 'key_required'],
      ['paySpontaneously', [], 'key_required'],
      ['withdraw', [], 'key_required'],
      ['openChannel', [], 'amount_invalid'],
      ['requestChannel', [], 'amount_invalid'],
      ['send', [], 'amount_invalid'],
    ]
    for (const [name, before, code] of calls) {
      assert.equal(await codeOf(() => plain[name]?.(...before) ?? assert.fail(name)), code, name)
      for (const none of [null, 'x', 7]) {
        const call = () => plain[name]?.(...before, none) ?? assert.fail(name)
        assert.equal(await codeOf(call), 'argument_invalid', `${name} of ${none}`)
      }
    }
    const open = anything(wallet.stream.open.bind(wallet.stream)) as (typeof plain)[string]
    assert.equal(await codeOf(() => open()), 'payee_invalid')
    assert.equal(await codeOf(() => open(null)), 'argument_invalid')
    assert.throws(() => wallet.quoteWithdrawal(anything(undefined)), { code: 'amount_invalid' })
    assert.throws(() => wallet.quoteWithdrawal(anything(null)), { code: 'argument_invalid' })
  })

  test('a field that a call does not have is refused by name: a price under another name must not get lost', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet } = await network.wallet('alice')
    const key = 'a'
    const [sale, to] = ['00'.repeat(32), 'ab'.repeat(32)].map(anything)
    const stream = { to, unit: 1n, ticks: 2 }
    for (const [call, field, others] of [
      [() => wallet.createInvoice(anything({ amount: 5n })), 'amount', /: it takes value, /],
      [() => wallet.createInvoice(anything({ value: 5n, Hold: true })), 'Hold', / hold, /],
      [() => wallet.createOffer(anything({ amount: 5n })), 'amount', / value, /],
      [() => wallet.pay('tally1', anything({ key, maxFee: 5n })), 'maxFee', / feeMax, /],
      [() => wallet.refund('tally1', anything({ key, sale, value: 5n })), 'value', / amount, /],
      [() => wallet.payOffer('tallyo1', anything({ key, value: 5n })), 'value', / amount, /],
      [() => wallet.paySpontaneously(anything({ key, to, value: 5n })), 'value', / amount, /],
      [() => wallet.withdraw(anything({ key, value: 5n, to: sale })), 'to', / lock, /],
      [() => wallet.stream.open(anything({ ...stream, maxFee: 5n })), 'maxFee', / feeMax, /],
      [() => wallet.createInvoice(anything({ amount: undefined })), 'amount', /, signal$/],
    ] as const) {
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof WalletError, String(error))
        assert.equal(error.code, 'argument_invalid')
        assert.match(error.message, new RegExp(` has no field \`${field}\``))
        assert.match(error.message, others)
        return true
      })
    }
    const patient = { signal: AbortSignal.timeout(60_000) }
    await wallet.openChannel({ deposit: ONE, ...patient })
    assert.equal((await wallet.createOffer({ value: 1n, ...patient })).status, 'active')
  })

  test('CH-6.2 a channel that could pay nothing is not opened: no coin is spent for it', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet } = await network.wallet('alice')
    const { terms } = await wallet.connected()
    const least = terms.exitReserve + terms.itemAmountMin
    const before = await wallet.balance()
    await assert.rejects(wallet.openChannel({ deposit: least - 1n }), (error) => {
      assert.ok(error instanceof WalletError)
      assert.equal(error.code, 'amount_too_small')
      assert.match(
        error.message,
        new RegExp(`${terms.exitReserve} .* it has to hold ${least} base units$`),
      )
      return true
    })
    assert.deepEqual(await wallet.balance(), before)
    await wallet.openChannel({ deposit: least })
  })

  test('HUB-7 a first invoice of any size that the hub can serve is served', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const { wallet: alice } = await network.wallet('alice')
    const { wallet: shop } = await network.wallet('shop')
    const { wallet: big } = await network.wallet('big')
    await alice.openChannel({ deposit: 100n * ONE })
    const { text } = await shop.createInvoice({ value: 5n })
    assert.equal((await alice.pay(text, { key: 'five' })).amount, 5n)
    // The hub holds 1,000,000 units: four times this it has not, but this it has.
    const large = await big.createInvoice({ value: 400_000n * ONE })
    assert.equal(large.amount, 400_000n * ONE)
    await assert.rejects(big.createInvoice({ value: 1_500_000n * ONE }), {
      code: 'hub_out_of_funds',
      retryable: true,
    })
  })
})
