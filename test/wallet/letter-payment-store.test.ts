import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount, encode, type ItemId } from '@tallystick/protocol'
import { type LetterPayment, letterPaymentCodec } from '#client-sdk/letters/letter-payment.js'
import { LetterPaymentStore } from '#client-sdk/letters/letter-payment-store.js'
import { unsavedStore } from '#client-sdk/store/unsaved-store.js'
import { anchorFor, at, itemId, preimage, testSigner } from '../protocol/test-channel.js'

function payment(name: number, status: LetterPayment['status'] = 'asking'): LetterPayment {
  return {
    id: itemId(name),
    what: { kind: 'spontaneous', anchor: anchorFor(name), preimage: preimage(name), message: '' },
    ...{ payee: testSigner(5).publicKey, amount: amount(10n), feeMax: undefined },
    ...{ letter: new Uint8Array(), expiry: at(600), status, code: '', created: at(name) },
    time: at(name),
  }
}

async function namesOf(store: LetterPaymentStore, status?: LetterPayment['status']) {
  const { items } = await store.list(status === undefined ? {} : { status })
  return items.map(({ id }): ItemId => id)
}

test('PAY-8 payments by letter of a store of format 7, or of a backup, get their places by time, once', async () => {
  const saved = unsavedStore({
    list: async () => [],
    get: async () => undefined,
    page: async () => [],
  })
  const record = (made: LetterPayment) => encode(letterPaymentCodec, made)
  await saved.commit([
    { kind: 'doneLetterPayment', key: itemId(3), value: record(payment(3, 'paid')) },
    { kind: 'letterPayment', key: itemId(2), value: record(payment(2)) },
    { kind: 'doneLetterPayment', key: itemId(1), value: record(payment(1, 'failed')) },
  ])
  for (let start = 1; start <= 2; start++) {
    const store = new LetterPaymentStore(saved)
    await store.load()
    assert.deepEqual(await namesOf(store), [itemId(3), itemId(2), itemId(1)])
    assert.deepEqual(await namesOf(store, 'asking'), [itemId(2)])
  }
  const store = new LetterPaymentStore(saved)
  await store.load()
  await store.put(payment(4))
  await store.put({ ...payment(2), status: 'paid' })
  assert.deepEqual(await namesOf(store), [itemId(4), itemId(3), itemId(2), itemId(1)])
  assert.deepEqual(await namesOf(store, 'paid'), [itemId(3), itemId(2)])
  assert.deepEqual(await namesOf(store, 'asking'), [itemId(4)])
})
