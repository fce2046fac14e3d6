import type { Mutant } from './mutant.js'
import { SALE_MUTANTS } from './sale-mutants.js'

const INVOICE_MACHINE = 'client-sdk/src/wallet/invoice-machine.ts'

/** Defects of payments in parts, streams, letters and withdrawals: only seeds with those trades notice them. */
export const TRADE_MUTANTS: readonly Mutant[] = [
  {
    name: 'payee-shows-the-preimage-at-the-first-part',
    seed: 1_000,
    rule: 'INVOICE-6',
    file: INVOICE_MACHINE,
    find: 'const isWhole = invoice.amount === undefined ||',
    replace: 'const isWhole = parts.length > 0 ||',
  },
  {
    name: 'invoice-is-paid-with-its-first-part',
    seed: 1_000,
    rule: 'INVOICE-6',
    file: INVOICE_MACHINE,
    find: 'paid > 0n && paid >= (invoice.amount ?? invoice.received)',
    replace: 'paid > 0n',
  },
  {
    name: 'ticks-far-from-the-anchor-are-not-checked',
    seed: 1_024,
    rule: 'CH-13',
    file: 'protocol/src/channel/item-link.ts',
    find: 'const isRight = leadsToRemembered(item.anchor, known)',
    replace: 'const isRight = true',
  },
  {
    name: 'payee-gives-up-ticks-that-it-knows',
    seed: 1_022,
    rule: 'STREAM-7',
    file: 'protocol/src/channel/claim.ts',
    find: '(note.known?.index ?? 0) > item.paid',
    replace: 'false',
  },
  {
    name: 'payee-serves-a-tick-again',
    seed: 1_018,
    rule: 'STREAM-3',
    file: 'client-sdk/src/stream/received-stream.ts',
    find: 'return tip.index - served',
    replace: 'return tip.index',
  },
  {
    name: 'payee-keeps-ticks-in-memory',
    seed: 1_011,
    rule: 'STREAM-5',
    file: 'client-sdk/src/stream/stream-desk.ts',
    find: 'this.#schedule(this.#parts.policy.afterMs)',
    replace: 'void 0',
  },
  {
    name: 'payer-gives-away-more-than-its-exposure',
    seed: 1_003,
    rule: 'STREAM-4',
    file: 'client-sdk/src/stream/paying-stream.ts',
    find: 'unserved + count > limits.exposure',
    replace: 'false',
  },
  {
    name: 'letter-payment-begins-anew-when-asked-again',
    seed: 1_000,
    rule: 'INV-26',
    file: 'client-sdk/src/letters/letter-payments.ts',
    find: 'const id = itemIdOf(key);',
    replace: 'const id = itemIdOf(key + this.#core.clock.nowMs());',
  },
  {
    name: 'hub-calls-letters-kept-before-they-are-on-disk',
    seed: 1_000,
    rule: 'MAIL-2',
    file: 'hub/src/mail/mail-boxes.ts',
    find: 'await this.#rows.commit(put, gone)',
    replace: 'this.#rows.commit(put, gone).catch(() => undefined)',
  },
  {
    name: 'a-withdrawal-pays-the-earlier-ones-again',
    seed: 1_000,
    rule: 'OP-11',
    file: 'settlement/src/core/apply-withdraw.ts',
    find: 'const value = withdrawn - side.withdrawn',
    replace: 'const value = withdrawn',
  },
  {
    name: 'money-that-is-being-withdrawn-can-be-promised',
    seed: 1_011,
    rule: 'CH-17',
    file: 'protocol/src/channel/spendable.ts',
    find: 'return due > 0n ? stake - due : stake',
    replace: 'return stake',
  },
  {
    name: 'a-withdrawal-is-forgotten-at-a-restart',
    seed: 1_001,
    rule: 'CH-17',
    file: 'client-sdk/src/wallet/wallet-records.ts',
    find: 'const { draft: _, ...stored } = party',
    replace:
      'const { draft: _, ...kept } = party; const stored = { ...kept, withdrawing: undefined }',
    and: {
      file: 'hub/src/core/hub-channel.ts',
      find: 'return channelOf(decodeTrusted(hubChannelCodec, bytes))',
      replace:
        'const read = channelOf(decodeTrusted(hubChannelCodec, bytes)); return { ...read, party: { ...read.party, withdrawing: undefined } }',
    },
  },
  ...SALE_MUTANTS,
]
