import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  deriveKeys,
  encode,
  isRejection,
  type LetterContent,
  type LetterId,
  type MessageOf,
  sealLetter,
} from '@tallystick/protocol'
import { WalletMail } from '#client-sdk/letters/wallet-mail.js'
import { unsavedStore } from '#client-sdk/store/unsaved-store.js'
import type { WalletCore } from '#client-sdk/wallet/wallet-core.js'
import { invoiceRecordCodec } from '#client-sdk/wallet/wallet-records.js'
import { WalletState } from '#client-sdk/wallet/wallet-state.js'
import { anchorFor, at, CHAIN, NOW, preimage } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const KEYS = deriveKeys(new Uint8Array(32).fill(31))
const STRANGER = deriveKeys(new Uint8Array(32).fill(32))
const PAYMENT: LetterContent = {
  kind: 'payment',
  ...{ anchor: anchorFor(1), preimage: preimage(1), amount: amount(1_000n), expiry: at(500) },
  message: '',
}

let letters = 0

function letterOf(content: LetterContent, keys = KEYS): MessageOf<'letter'> {
  const address = { chainId: CHAIN, recipient: keys.identity.publicKey }
  const letter = sealLetter(address, content, new Uint8Array(32).fill(++letters))
  assert.ok(!isRejection(letter))
  const id = letters.toString(16).padStart(32, '0') as LetterId
  return { kind: 'letter', id, returnAddress: new Uint8Array(68), letter }
}

/** What is read of letters, by a wallet that keeps nothing but what a test has put into its store. */
function mailOf() {
  const store = unsavedStore({
    ...{ list: async () => [], get: async () => undefined, page: async () => [] },
  })
  const met: boolean[] = []
  // As much of one as letters need.
  const core = {
    ...{ keys: KEYS, store, state: new WalletState() },
    submit: async () => void met.push(mail.announced(anchorFor(1)) !== undefined),
    feed: { time: NOW, ledger: { chainId: CHAIN } },
  } as unknown as WalletCore
  const mail: WalletMail = new WalletMail(core, { accept: true, amountMin: amount(1n) })
  const taken: LetterId[] = []
  const asked: unknown[] = []
  const gate = { open: () => {}, isShut: false }
  mail.begin(
    {
      request: async (request) => {
        asked.push(request)
        if (gate.isShut) await new Promise<void>((open) => Object.assign(gate, { open }))
      },
      answer: async (answer) => void asked.push(answer),
    },
    ({ ids }) => taken.push(...ids),
  )
  const settle = () => new Promise(setImmediate)
  return { mail, store, asked, gate, met, settle, taken: () => taken.splice(0) }
}

describe('MAIL-4 a wallet', () => {
  test('takes letters for others and damaged ones, and makes nothing of them', async () => {
    const { mail, asked, taken, settle } = mailOf()
    const foreign = letterOf(PAYMENT, STRANGER)
    const damaged = { ...letterOf(PAYMENT), letter: new Uint8Array(480) }
    mail.hear(foreign)
    mail.hear(damaged)
    await settle()
    assert.deepEqual([taken(), asked], [[foreign.id, damaged.id], []])
    assert.equal(mail.announced(anchorFor(1)), undefined)
  })

  test('MAIL-2 leaves a request with the hub until it was answered', async () => {
    const { mail, asked, gate, taken, settle } = mailOf()
    const ask: LetterContent = {
      kind: 'invoiceRequest',
      ...{ offer: '0a'.repeat(32) as never, request: '0b'.repeat(16) as never, amount: amount(1n) },
      ...{ expiry: at(500), answerKey: new Uint8Array(32) },
    }
    gate.isShut = true
    const letter = letterOf(ask)
    mail.hear(letter)
    await settle()
    assert.deepEqual([taken(), asked.length], [[], 1])
    gate.open()
    await settle()
    assert.deepEqual(taken(), [letter.id])
  })
})

describe('MAIL-5 an announcement', () => {
  test('is known before what the hub says next is met', async () => {
    const { mail, met } = mailOf()
    mail.hear(letterOf(PAYMENT))
    await mail.submitHeard(new WalletWorld().claim(1))
    assert.deepEqual(met, [true])
  })

  test('of a payment that has come before is taken, and announces nothing', async () => {
    const { mail, store, taken, settle } = mailOf()
    const paid = encode(invoiceRecordCodec, new WalletWorld().invoice(1, { status: 'paid' }))
    await store.commit([{ kind: 'doneInvoice', key: anchorFor(1), value: paid }])
    const replay = letterOf(PAYMENT)
    mail.hear(replay)
    await settle()
    assert.deepEqual([taken(), mail.announced(anchorFor(1))], [[replay.id], undefined])
  })
})
