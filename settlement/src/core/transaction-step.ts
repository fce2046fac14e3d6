import type { Condition, Operation } from '@tallystick/protocol'
import type { TransactionRejection } from './transaction-rejection.js'

/** A rule, by its id in docs/protocol.md, and what it is applied to: `input 0`, `operation 1`. */
export type StepName = { readonly rule: string; readonly subject: string }

/**
 * Hears what applying a transaction checks, in order: the rule, and why it refused, if it did.
 * Names are made only for somebody who listens, so that nobody else pays for them.
 */
export type ObserveStep = (step: StepName, refusal: TransactionRejection | undefined) => void

/** Which rule an operation is executed by. */
const OPERATION_RULES: Readonly<Record<Operation['kind'], string>> = {
  open: 'OP-1',
  deposit: 'OP-2',
  close: 'OP-3',
  forceClose: 'OP-4',
  challenge: 'OP-5',
  finalize: 'OP-6',
  payFee: 'OP-7',
  issue: 'OP-8',
  reissue: 'OP-9',
  changeParameters: 'OP-10',
  withdraw: 'OP-11',
}

/** The steps that a transaction is in for, named as a trace shows them (TX-2). */
export const STEPS = {
  inForce: { rule: 'UPG-2', subject: 'version' },
  onceOnly: { rule: 'TX-3', subject: 'transaction' },
  validity: { rule: 'TX-4', subject: 'validity' },
  cost: { rule: 'COST-1', subject: 'bytes' },
  input: (i: number) => ({ rule: 'TX-5', subject: `input ${i}` }),
  condition: (input: number, i: number, { kind }: Condition) => {
    const rule = kind === 'revealed' || kind === 'unrevealed' ? 'LOCK-3' : 'LOCK-2'
    return { rule, subject: `input ${input} condition ${i} ${kind}` }
  },
  lock: (input: number) => ({ rule: 'LOCK-2', subject: `input ${input}` }),
  output: (i: number) => ({ rule: 'TX-6', subject: `output ${i}` }),
  reveals: { rule: 'REV-2', subject: 'reveals' },
  operation: (i: number, { kind }: Operation) => {
    return { rule: OPERATION_RULES[kind], subject: `operation ${i} ${kind}` }
  },
  fee: { rule: 'TX-8', subject: 'fee' },
  signers: { rule: 'TX-9', subject: 'signers' },
  signature: (i: number) => ({ rule: 'TX-9', subject: `signature ${i}` }),
} as const
