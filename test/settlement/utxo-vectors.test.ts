import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  type Amount,
  amount,
  byteString,
  decode,
  encode,
  fixedBytes,
  isRejection,
  keyLock,
  list,
  type Operation,
  operationCodec,
  outpointCodec,
  outputCodec,
  parseTransaction,
  publicKeyCodec,
  type Rejection,
  revealCodec,
  struct,
  TIMESTAMP_MAX,
  type Transaction,
  type TxId,
  timestamp,
  timestampCodec,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { lockWitnessCodec } from '#protocol/ledger/lock.js'
import { ALICE, BOB, type Draft, genesisCoin, keyLockOf, START, TestLedger } from './test-ledger.js'

/*
 * What Bitcoin Core's tx_valid.json, tx_invalid.json and transaction_tests.cpp say about transactions
 * in general, as facts about ours. Its scripts, coinbases and sequence numbers have no counterpart.
 */

function payBob(value: bigint) {
  return { asset: 0, amount: value as Amount, lock: keyLockOf(BOB.publicKey) }
}

function goodDraft(ledger: TestLedger): Draft {
  return { spends: [ledger.coin(ALICE)], outputs: [payBob(9_900n)], signers: [ALICE] }
}

/** The layout of a transaction without its bounds: writes what the real codec must refuse. */
const unbounded = struct({
  body: struct({
    validFrom: timestampCodec,
    validUntil: timestampCodec,
    inputs: list(outpointCodec, 5_000),
    operations: list(operationCodec, 5_000),
    outputs: list(outputCodec, 5_000),
    reveals: list(revealCodec, 5_000),
    memo: byteString(5_000),
  }),
  witnesses: list(lockWitnessCodec, 5_000),
  signers: list(struct({ publicKey: publicKeyCodec, signature: fixedBytes(64) }), 5_000),
})

function codeOf(outcome: unknown): string {
  return isRejection(outcome) ? (outcome as Rejection).code : 'read'
}

describe('TX-1 what has no encoding cannot be asked for:', () => {
  const good = new TestLedger()
  const signed = good.sign(goodDraft(good))
  const { body, witnesses, signers } = signed
  const [input, witness, signer] = [body.inputs[0], witnesses[0], signers[0]]
  const [output] = body.outputs
  assert.ok(input && witness && signer && output)
  const many = <T>(item: T, count: number): T[] => Array.from({ length: count }, () => item)
  const finalize: Operation = { kind: 'finalize', channel: 0, part: 0 }
  const reveal = { index: 1, link: new Uint8Array(32) }
  const read = (change: Partial<typeof body>, rest: Partial<Transaction> = {}) =>
    codeOf(
      parseTransaction(encode(unbounded, { ...signed, ...rest, body: { ...body, ...change } })),
    )

  test('malformed: more inputs, outputs, operations, reveals or memo than the bounds', () => {
    const inputs = (count: number) =>
      read({ inputs: many(input, count) }, { witnesses: many(witness, count) })
    assert.equal(inputs(1_024), 'read')
    assert.equal(inputs(1_025), 'malformed')
    assert.equal(read({ outputs: many(output, 1_024) }), 'read')
    assert.equal(read({ outputs: many(output, 1_025) }), 'malformed')
    assert.equal(read({ operations: many(finalize, 1_024) }), 'read')
    assert.equal(read({ operations: many(finalize, 1_025) }), 'malformed')
    assert.equal(read({ reveals: many(reveal, 256) }), 'read')
    assert.equal(read({ reveals: many(reveal, 257) }), 'malformed')
    assert.equal(read({ memo: new Uint8Array(256) }), 'read')
    assert.equal(read({ memo: new Uint8Array(257) }), 'malformed')
  })

  test('malformed: an input without a witness, a witness without an input, a signer twice', () => {
    assert.equal(read({}, { witnesses: [] }), 'malformed')
    assert.equal(read({}, { witnesses: [witness, witness] }), 'malformed')
    assert.equal(read({ inputs: [input, input] }), 'malformed')
    assert.equal(read({}, { signers: [signer, signer] }), 'malformed')
    const other = { ...signer, publicKey: BOB.publicKey }
    const ascending = [signer, other].sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
    assert.equal(read({}, { signers: ascending }), 'read')
    assert.equal(read({}, { signers: ascending.toReversed() }), 'malformed')
  })

  test('malformed: INV-3 an amount of 2^63, or one that is negative in 64 bits', () => {
    const most = encode(outputCodec, payBob(AMOUNT_MAX))
    assert.equal(codeOf(decode(outputCodec, most)), 'read')
    // Nine groups of seven bits hold 2^63-1; 2^63 and 2^64-1, which is -1, take ten.
    for (const digits of ['80808080808080808001', 'ffffffffffffffffff01']) {
      const bytes = Uint8Array.from([0, ...Buffer.from(digits, 'hex'), ...most.subarray(-32)])
      assert.equal(codeOf(decode(outputCodec, bytes)), 'malformed')
    }
  })

  test('transaction_too_large: the largest is read, one byte more is not', () => {
    const sized = (closes: number, memo: number) => {
      const signature = new Uint8Array(64)
      const operations = [0, 1].map((half): Operation => {
        const all = Array.from({ length: closes + half }, (_, channel) => channel)
        const agreed = all.map((channel) => ({ channel, clientPayout: amount(0n), signature }))
        return { kind: 'close', validUntil: timestamp(0), closes: agreed }
      })
      const filled = { ...body, operations, memo: new Uint8Array(memo) }
      return encode(transactionCodec, { ...signed, body: filled })
    }
    const closes = 1_955
    const room = 262_144 - sized(closes, 0).length
    // A memo of 128 bytes or more has a length of two bytes.
    const largest = sized(closes, room - 1)
    assert.ok(room > 129 && room < 256)
    assert.equal(largest.length, 262_144)
    assert.equal(codeOf(parseTransaction(largest)), 'read')
    assert.equal(codeOf(parseTransaction(sized(closes, room))), 'transaction_too_large')
    assert.equal(codeOf(parseTransaction(new Uint8Array(262_144))), 'malformed')
  })

  test('malformed: a lock of no keys, of more keys than there are, or of one key twice', () => {
    const multi = (threshold: number, keys: number, step = 1) => {
      const publicKeys = Array.from({ length: keys }, (_, i) =>
        (step * i + 16).toString(16).repeat(32),
      )
      const bytes = publicKeys.map((key) => Buffer.from(key, 'hex'))
      const condition = Buffer.concat([Buffer.of(2, threshold, keys), ...bytes])
      return codeOf(
        decode(lockWitnessCodec, Buffer.concat([Buffer.of(1), condition, Buffer.of(0, 1, 0)])),
      )
    }
    assert.equal(multi(1, 1), 'read')
    assert.equal(multi(16, 16), 'read')
    for (const [threshold, keys] of [
      [0, 1],
      [2, 1],
      [1, 0],
      [1, 17],
    ] as const) {
      assert.equal(multi(threshold, keys), 'malformed')
    }
    assert.equal(multi(1, 2, 0), 'malformed')
  })
})

describe('INV-37 what the ledger refuses:', () => {
  test('coin_missing: CVE-2018-17144 one input twice, side by side or with others between', () => {
    const ledger = new TestLedger()
    const [a, b] = [ledger.coin(ALICE), ledger.coin(ALICE)]
    for (const spends of [
      [a, a],
      [a, b, a],
      [b, a, a],
    ]) {
      const outputs = [payBob(19_000n)]
      assert.equal(ledger.refusal({ spends, outputs, signers: [ALICE] }), 'coin_missing')
    }
    ledger.do({ spends: [a, b], outputs: [payBob(19_000n)], signers: [ALICE] })
  })

  test('coin_missing: an outpoint of zeros, or the last index that there can be', () => {
    const ledger = new TestLedger()
    const { lock } = ledger.coin(ALICE)
    const { txId } = genesisCoin(ledger.genesis, ALICE, 0)
    for (const outpoint of [
      { txId: '00'.repeat(32) as TxId, index: 0 },
      { txId: '00'.repeat(32) as TxId, index: 2 ** 32 - 1 },
      { txId, index: 2 ** 32 - 1 },
    ]) {
      const draft = { spends: [{ outpoint, lock }], outputs: [payBob(1n)], signers: [ALICE] }
      assert.equal(ledger.refusal(draft), 'coin_missing')
    }
  })

  test('inputs_below_outputs: CVE-2010-5139 outputs whose sum wraps round in 64 bits', () => {
    const ledger = new TestLedger()
    const half = 2n ** 63n - 1n
    for (const outputs of [
      [payBob(half), payBob(half), payBob(2n)],
      [payBob(half), payBob(1n)],
      Array.from({ length: 1_024 }, () => payBob(half)),
    ]) {
      assert.equal(ledger.refusal({ ...goodDraft(ledger), outputs }), 'inputs_below_outputs')
    }
  })

  test('amount_out_of_range: an output of nothing among others', () => {
    const ledger = new TestLedger()
    const outputs = [payBob(9_000n), payBob(0n)]
    assert.equal(ledger.refusal({ ...goodDraft(ledger), outputs }), 'amount_out_of_range')
  })

  test('a transaction without outputs gives all to the fee', () => {
    const ledger = new TestLedger()
    ledger.do({ spends: [ledger.coin(ALICE)], signers: [ALICE] })
    assert.equal(ledger.burnt(0), 10_000n)
  })

  test('not_yet_valid, no_longer_valid: at the ends of time, and never where from is after until', () => {
    const ledger = new TestLedger()
    const code = (time: number, validFrom: number, validUntil: number) => {
      ledger.time = timestamp(time)
      const draft = {
        ...{
          spends: [
            { outpoint: genesisCoin(ledger.genesis, ALICE, 9), lock: keyLock(ALICE.publicKey) },
          ],
        },
        ...{ outputs: [payBob(9_900n)], signers: [ALICE], validFrom, validUntil },
      }
      return codeOf(ledger.judge(ledger.sign(draft)))
    }
    assert.equal(code(START, 0, TIMESTAMP_MAX), 'read')
    assert.equal(code(START, START, START), 'read')
    assert.equal(code(START, START + 1, TIMESTAMP_MAX), 'not_yet_valid')
    assert.equal(code(START, 0, START - 1), 'no_longer_valid')
    assert.equal(code(START, 0, 0), 'no_longer_valid')
    assert.equal(code(TIMESTAMP_MAX, TIMESTAMP_MAX, TIMESTAMP_MAX), 'read')
    assert.equal(code(TIMESTAMP_MAX - 1, TIMESTAMP_MAX, TIMESTAMP_MAX), 'not_yet_valid')
    for (const time of [START - 1, START, START + 1, START + 2]) {
      assert.notEqual(code(time, START + 1, START), 'read')
    }
  })

  test('lock_mismatch: a changed witness leaves the id and opens nothing (malleability)', () => {
    const ledger = new TestLedger()
    const signed = ledger.sign(goodDraft(ledger))
    const [witness] = signed.witnesses
    assert.ok(witness !== undefined)
    for (const changed of [
      { ...witness, alternative: [{ kind: 'older', seconds: 0 }] },
      { ...witness, alternative: keyLock(BOB.publicKey)[0] ?? [] },
      { ...witness, count: 2 },
      { ...witness, path: [new Uint8Array(32)] },
    ] as readonly (typeof witness)[]) {
      const malleated = { ...signed, witnesses: [changed] }
      const id = transactionId(ledger.chainId, malleated.body)
      assert.equal(id, transactionId(ledger.chainId, signed.body))
      assert.equal(ledger.refusalOf(malleated), 'lock_mismatch')
    }
    ledger.apply(signed)
  })

  test('INV-3 the whole supply in one coin moves, and not one unit more', () => {
    const ledger = new TestLedger()
    const terms = { code: 'ALL', decimals: 0, issuer: undefined }
    const issue: Operation = { kind: 'issue', asset: 3, terms, supply: amount(AMOUNT_MAX) }
    const whole = { asset: 3, amount: amount(AMOUNT_MAX), lock: keyLockOf(ALICE.publicKey) }
    const draft = { spends: [ledger.coin(ALICE)], operations: [issue], signers: [ALICE] }
    assert.equal(
      ledger.refusal({ ...draft, outputs: [whole, { ...whole, amount: amount(1n) }] }),
      'inputs_below_outputs',
    )
    const { id } = ledger.do({ ...draft, outputs: [whole] })
    const spend = { outpoint: { txId: id, index: 0 }, lock: keyLock(ALICE.publicKey) }
    const spends = [ledger.coin(ALICE), spend]
    const part = { ...whole, amount: amount(AMOUNT_MAX - 1n) }
    const moved = { spends, outputs: [part, { ...whole, amount: amount(1n) }], signers: [ALICE] }
    const less = { ...moved, outputs: [part] }
    assert.equal(ledger.refusal(less), 'asset_not_balanced')
    ledger.do(moved)
  })
})
