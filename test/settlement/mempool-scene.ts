import {
  type Amount,
  encode,
  isRejection,
  keyLock,
  type Signer,
  type Transaction,
  transactionCodec,
} from '@tallystick/protocol'
import { type Candidate, fillBlock, TransactionChecks } from '@tallystick/settlement'
import { Mempool } from '#settlement/mempool/mempool.js'
import type { Room } from '#settlement/mempool/room.js'
import { ALICE, BOB, keyLockOf, type Spend, TestLedger } from './test-ledger.js'

export const WIDE: Room = { transactions: 1_000, bytes: 10_000_000, cost: 10_000_000 }

/** A ledger, a mempool over it, and promises of writing that the test keeps when it likes. */
export class MempoolScene {
  readonly ledger: TestLedger
  readonly kept: (() => void)[] = []
  readonly mempool: Mempool
  nowMs = 0

  constructor(bounds: Room = WIDE, ledger = new TestLedger()) {
    this.ledger = ledger
    const keep = () => new Promise<void>((resolve) => this.kept.push(resolve))
    this.mempool = new Mempool(this.ledger.state, keep, bounds)
  }

  get context() {
    return this.ledger.context
  }

  candidate(transaction: Transaction): Candidate {
    const encoded = encode(transactionCodec, transaction)
    return { transaction, encoded, checks: new TransactionChecks(this.ledger.chainId, transaction) }
  }

  /** Spends a coin whole: `value` to Bob, and the rest of it is the fee. */
  payment(spend: Spend, owner: Signer, value: bigint, memo = 0, validUntil?: number): Candidate {
    const outputs = [{ asset: 0, amount: value as Amount, lock: keyLockOf(BOB.publicKey) }]
    return this.candidate(
      this.ledger.sign({
        ...{ spends: [spend], outputs, signers: [owner], memo: Uint8Array.of(memo) },
        ...(validUntil !== undefined && { validUntil }),
      }),
    )
  }

  /** A payment out of a coin of Alice's that pays this fee. */
  paying(fee: bigint): Candidate {
    return this.payment(this.ledger.coin(ALICE), ALICE, 10_000n - fee)
  }

  /** How Bob spends the first output of a payment. */
  outputOf({ checks }: Candidate): Spend {
    return { outpoint: { txId: checks.id, index: 0 }, lock: keyLock(BOB.publicKey) }
  }

  admit(candidate: Candidate): string {
    const admission = this.mempool.admit(candidate, this.context, this.nowMs)
    return isRejection(admission) ? admission.code : admission.kind
  }

  /** The ids that a block would take, best first. */
  candidates(bounds: Room = WIDE) {
    return this.mempool.template(bounds).map(({ checks }) => checks.id)
  }

  waits({ checks }: Candidate): boolean {
    return this.mempool.get(checks.id) !== undefined
  }

  /** Lets the writes asked for so far reach the disk. */
  async sync(): Promise<void> {
    for (const kept of this.kept.splice(0)) kept()
    await Promise.resolve()
  }

  /** Makes a block of what is on disk: what it could not take. */
  block(bounds: Room = WIDE) {
    const template = this.mempool.template(bounds)
    const filled = fillBlock(this.ledger.state, template, this.ledger.context, bounds.bytes)
    this.ledger.state.absorb(filled.writes)
    const included = filled.included.map(({ checks }) => checks.id)
    const refused = filled.refused.map(({ candidate, rejection }) => {
      return { id: candidate.checks.id, rejection }
    })
    const block = { included, refused, writes: filled.writes }
    this.mempool.advance(this.ledger.state, block, this.context, this.nowMs)
    return { included, refused }
  }
}
