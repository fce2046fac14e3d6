import type { Mutant } from './mutant.js'

const INVOICE_MACHINE = 'client-sdk/src/wallet/invoice-machine.ts'
const FINISH_PAYMENT = 'client-sdk/src/wallet/finish-payment.ts'
const WALLET_PAYMENTS = 'client-sdk/src/wallet/wallet-payments.ts'

/** Defects of holds, refunds and departures: only seeds with those notice them. */
export const SALE_MUTANTS: readonly Mutant[] = [
  {
    name: 'payee-takes-what-it-was-to-hold',
    seed: 2_001,
    rule: 'INVOICE-7',
    file: INVOICE_MACHINE,
    find: 'if (!invoice.hold)',
    replace: 'if (true)',
  },
  {
    name: 'what-is-held-is-taken-when-it-is-late',
    seed: 2_010,
    rule: 'INVOICE-7',
    file: INVOICE_MACHINE,
    find: 'return now > waitsUntil',
    replace: 'return false',
    and: {
      file: INVOICE_MACHINE,
      find: "return isLate ? end(invoice, 'cancelled', 'hold_lapsed', now) : unchanged(invoice)",
      replace: 'return unchanged(invoice)',
    },
  },
  {
    name: 'what-is-being-taken-can-be-given-back',
    seed: 2_010,
    rule: 'INVOICE-4',
    file: INVOICE_MACHINE,
    find: "return reject('already_paid', 'the invoice is paid, or just being paid: refund it instead')",
    replace: "return end(invoice, 'cancelled', 'invoice_cancelled', now)",
  },
  {
    name: 'refunds-exceed-their-sale',
    seed: 2_000,
    rule: 'PAY-7',
    file: FINISH_PAYMENT,
    find: 'return refunded > sale.received',
    replace: 'return false',
  },
  {
    name: 'a-refund-goes-by-its-sale-as-it-was-read-before',
    seed: 2_000,
    rule: 'PAY-7',
    file: WALLET_PAYMENTS,
    find: 'this.#refunds.then(() => this.#begin(order, caller))',
    replace: 'this.#begin(order, caller)',
    and: {
      file: 'client-sdk/src/wallet/owner-step.ts',
      find: 'state.invoice(sale.anchor) ?? sale',
      replace: 'sale',
    },
  },
  {
    name: 'a-refund-that-was-paid-makes-room-for-another',
    seed: 2_000,
    rule: 'PAY-7',
    file: FINISH_PAYMENT,
    find: "status === 'failed' ? value : 0n",
    replace: 'value',
  },
  {
    name: 'a-refund-is-made-again-for-another-invoice',
    seed: 2_000,
    rule: 'PAY-1',
    file: WALLET_PAYMENTS,
    find: '{ ...orderOf(text, wish), refundOf: parseAnchor(wish.sale) }',
    replace:
      '{ ...orderOf(text, { ...wish, key: wish.key + text.slice(-8) }), refundOf: parseAnchor(wish.sale) }',
  },
  {
    name: 'close-by-agreement-under-a-withdrawal',
    seed: 2_058,
    rule: 'CH-12',
    file: 'protocol/src/channel/cooperative-close.ts',
    find: 'if (party.withdrawing !== undefined)',
    replace: 'if (false)',
  },
]
