import type { Mutant } from './mutant.js'

const INVOICE_MACHINE = 'client-sdk/src/wallet/invoice-machine.ts'

/** Defects of payments in parts, streams, letters and withdrawals: only seeds with those trades notice them. */
export const TRADE_MUTANTS: readonly Mutant[] = [
  {
    name: 'payee-shows-the-preimage-at-the-first-part',
    seed: 1_002,
    rule: 'INVOICE-6',
    file: INVOICE_MACHINE,
    find: 'const isWhole = invoice.amount === undefined ||',
    replace: 'const isWhole = parts.length > 0 ||',
  },
  {
    name: 'invoice-is-paid-with-its-first-part',
    seed: 1_002,
    rule: 'INVOICE-6',
    file: INVOICE_MACHINE,
    find: 'paid > 0n && paid >= (invoice.amount ?? invoice.received)',
    replace: 'paid > 0n',
  },
]
