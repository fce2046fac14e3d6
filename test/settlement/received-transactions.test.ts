import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  amount,
  encode,
  isRejection,
  type Signer,
  type Transaction,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { executeTransactions, ReceivedTransactions } from '@tallystick/settlement'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import { verifyReceived } from '#settlement/verify/verify-received.js'
import { closeOperation, openChannel } from './test-channel.js'
import { ALICE, BOB, CAROL, HUB, keyLockOf, TestLedger } from './test-ledger.js'

const pool = new SignaturePool('behind')
after(() => pool.stop())

function payment(ledger: TestLedger, payer: Signer, signers = [payer]): Transaction {
  const outputs = [{ asset: 0, amount: amount(9_000n), lock: keyLockOf(HUB.publicKey) }]
  return ledger.sign({ spends: [ledger.coin(payer)], outputs, signers })
}

/** The same, with the signature of somebody else under the payer's key. */
function forged(ledger: TestLedger, payer: Signer, forger: Signer): Transaction {
  const transaction = payment(ledger, payer)
  const [signed] = ledger.sign({ ...draftOf(transaction), signers: [forger] }).signers
  assert.ok(signed !== undefined)
  return { ...transaction, signers: [{ ...signed, publicKey: payer.publicKey }] }
}

function draftOf({ body }: Transaction) {
  return { outputs: body.outputs, operations: body.operations }
}

function bytesOf(transactions: readonly Transaction[]): readonly Uint8Array[] {
  return transactions.map((transaction) => encode(transactionCodec, transaction))
}

/** What a block of these transactions says, after their signatures were checked ahead, or not. */
async function verdictOn(
  ledger: TestLedger,
  encoded: readonly Uint8Array[],
  isVerified: boolean,
): Promise<string> {
  const { chainId, state, time, height } = ledger
  const received = ReceivedTransactions.of(chainId, encoded)
  if (isRejection(received)) return `${received.code}: ${received.detail}`
  if (isVerified) await verifyReceived(pool, state, received)
  const executed = executeTransactions(state, received, { chainId, time, height })
  return isRejection(executed) ? `${executed.code}: ${executed.detail}` : 'executed'
}

describe('BLK-5 transactions of a block as it came', () => {
  for (const isVerified of [true, false]) {
    const when = isVerified ? 'checked ahead' : 'checked when they are executed'

    test(`TX-9 one bad signature refuses the block, ${when}`, async () => {
      const ledger = new TestLedger()
      const good = [payment(ledger, ALICE), payment(ledger, BOB), payment(ledger, CAROL)]
      assert.equal(await verdictOn(ledger, bytesOf(good), isVerified), 'executed')
      const mixed = bytesOf([payment(ledger, ALICE), forged(ledger, BOB, CAROL), ...good])
      const verdict = await verdictOn(ledger, mixed, isVerified)
      assert.match(verdict, /^block_transaction_refused: transaction 1: bad_signature: /)
    })

    test(`OP-3 a client that did not agree to a closure refuses the block, ${when}`, async () => {
      const ledger = new TestLedger()
      openChannel(ledger, { client: 1_000n, hub: 2_000n })
      const closing = (client: Signer) => {
        const operation = closeOperation(ledger, 0, { clientPayout: 1_000n, client })
        const spends = [ledger.coin(HUB)]
        return ledger.sign({ spends, operations: [operation], signers: [HUB] })
      }
      const outputs = [{ asset: 0, amount: amount(11_000n), lock: keyLockOf(HUB.publicKey) }]
      const agreed = closeOperation(ledger, 0, { clientPayout: 1_000n })
      const spends = [ledger.coin(HUB)]
      const good = ledger.sign({ spends, operations: [agreed], outputs, signers: [HUB] })
      assert.equal(await verdictOn(ledger, bytesOf([good]), isVerified), 'executed')
      const verdict = await verdictOn(ledger, bytesOf([closing(BOB)]), isVerified)
      assert.match(verdict, /^block_transaction_refused: transaction 0: bad_agreement_signature: /)
    })

    test(`what only reading shows to be malformed refuses the block in its place, ${when}`, async () => {
      const ledger = new TestLedger()
      const two = payment(ledger, ALICE, [ALICE, BOB])
      const swapped = { ...two, signers: [...two.signers].reverse() }
      const [head, body] = bytesOf([payment(ledger, BOB), two])
      assert.ok(head !== undefined && body !== undefined)
      const signers = swapped.signers.map(({ publicKey, signature }) =>
        Buffer.concat([Buffer.from(publicKey, 'hex'), signature]),
      )
      const malformed = Buffer.concat([body.subarray(0, body.length - 192), ...signers])
      const verdict = await verdictOn(ledger, [head, new Uint8Array(malformed)], isVerified)
      assert.match(verdict, /^block_transaction_refused: transaction 1: malformed: .* ascend/)
    })
  }

  test('what is cut is refused before anything is executed', async () => {
    const ledger = new TestLedger()
    const [whole] = bytesOf([payment(ledger, ALICE)])
    assert.ok(whole !== undefined)
    for (let length = 0; length < whole.length; length++) {
      const verdict = await verdictOn(ledger, [whole, whole.slice(0, length)], false)
      assert.match(verdict, /^block_transaction_refused: transaction 1: malformed: /)
    }
  })

  test('TX-1 names and contents are those of the transactions', () => {
    const ledger = new TestLedger()
    const opened = ledger.sign({ spends: [ledger.coin(ALICE)], signers: [ALICE] })
    const transactions = [payment(ledger, ALICE), opened, payment(ledger, BOB)]
    const received = ReceivedTransactions.of(ledger.chainId, bytesOf(transactions))
    assert.ok(!isRejection(received))
    assert.equal(received.signers, 3)
    assert.deepEqual(received.transactions(), transactions)
    const ids = transactions.map(({ body }) => transactionId(ledger.chainId, body))
    assert.deepEqual(received.ids(), ids)
  })
})
