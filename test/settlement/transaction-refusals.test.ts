import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  type Amount,
  type AssetId,
  amount,
  anchorOf,
  encode,
  isRejection,
  keyLock,
  LANE_START,
  type Operation,
  type Output,
  parseTransaction,
  type Signer,
  TRANSACTION_BYTES_MAX,
  type Transaction,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import { closeOperation, forceCloseDraft, openChannel } from './test-channel.js'
import {
  ALICE,
  BOB,
  type Draft,
  genesisCoin,
  HUB,
  keyLockOf,
  openOperation,
  START,
  TestLedger,
} from './test-ledger.js'

function output(value: bigint, owner: Signer = BOB, asset: AssetId = 0): Output {
  return { asset, amount: value as Amount, lock: keyLockOf(owner.publicKey) }
}

/** Alice pays Bob; nothing is wrong with it. */
function goodDraft(ledger: TestLedger): Draft {
  return { spends: [ledger.coin(ALICE)], outputs: [output(9_990n)], signers: [ALICE] }
}

describe('INV-37 a transaction is refused by name and changes nothing:', () => {
  test('malformed: bytes that we would not have written', () => {
    const refused = parseTransaction(Uint8Array.of(0, 0, 0))
    assert.ok(isRejection(refused))
    assert.equal(refused.code, 'malformed')
  })

  test('transaction_too_large: one byte above the limit, before its content is looked at', () => {
    const refused = parseTransaction(new Uint8Array(TRANSACTION_BYTES_MAX + 1))
    assert.ok(isRejection(refused))
    assert.equal(refused.code, 'transaction_too_large')
  })

  test('transaction_empty: it spends, operates and reveals nothing', () => {
    const ledger = new TestLedger()
    assert.equal(ledger.refusal({ outputs: [output(1n)] }), 'transaction_empty')
  })

  test('not_yet_valid and no_longer_valid: both bounds are inclusive', () => {
    const ledger = new TestLedger()
    const draft = { ...goodDraft(ledger), validFrom: START + 10, validUntil: START + 20 }
    ledger.time = timestamp(START + 9)
    assert.equal(ledger.refusal(draft), 'not_yet_valid')
    ledger.time = timestamp(START + 21)
    assert.equal(ledger.refusal(draft), 'no_longer_valid')
    for (const time of [START + 10, START + 20]) {
      ledger.time = timestamp(time)
      assert.equal(ledger.judge(ledger.sign(draft)).kind, 'applied')
    }
  })

  test('coin_missing: an outpoint that never was', () => {
    const ledger = new TestLedger()
    const spend = ledger.coin(ALICE)
    const outpoint = { ...spend.outpoint, index: 4_000_000 }
    const draft = { ...goodDraft(ledger), spends: [{ ...spend, outpoint }] }
    assert.equal(ledger.refusal(draft), 'coin_missing')
  })

  test('coin_missing: INV-35 a coin that is spent, or twice in one transaction', () => {
    const ledger = new TestLedger()
    const draft = goodDraft(ledger)
    const [spend] = draft.spends ?? []
    assert.ok(spend !== undefined)
    assert.equal(ledger.refusal({ ...draft, spends: [spend, spend] }), 'coin_missing')
    ledger.do(draft)
    assert.equal(ledger.refusal({ ...draft, memo: Uint8Array.of(1) }), 'coin_missing')
    assert.equal(ledger.refusal(draft), 'coin_missing')
  })

  test('lock_mismatch: the witness is of another lock', () => {
    const ledger = new TestLedger()
    const spend = { ...ledger.coin(ALICE), lock: keyLock(BOB.publicKey) }
    const draft = { spends: [spend], outputs: [output(9_990n)], signers: [BOB] }
    assert.equal(ledger.refusal(draft), 'lock_mismatch')
  })

  test('missing_signature: the key of the lock is not among the signers', () => {
    const ledger = new TestLedger()
    assert.equal(ledger.refusal({ ...goodDraft(ledger), signers: [] }), 'missing_signature')
    assert.equal(ledger.refusal({ ...goodDraft(ledger), signers: [BOB] }), 'missing_signature')
  })

  test('amount_out_of_range: an output of nothing', () => {
    const ledger = new TestLedger()
    const draft = { ...goodDraft(ledger), outputs: [output(0n)] }
    assert.equal(ledger.refusal(draft), 'amount_out_of_range')
  })

  test('asset_unknown: an output, or a channel, of an asset that the ledger does not have', () => {
    const ledger = new TestLedger()
    const draft = { ...goodDraft(ledger), outputs: [output(1n, BOB, 3)] }
    assert.equal(ledger.refusal(draft), 'asset_unknown')
    const open: Operation = { ...openOperation({ client: 1n, hub: 0n }), asset: 3 }
    assert.equal(ledger.refusal({ ...goodDraft(ledger), operations: [open] }), 'asset_unknown')
  })

  test('inputs_below_outputs: by one unit, also where every other asset is balanced', () => {
    const ledger = new TestLedger()
    const draft = { ...goodDraft(ledger), outputs: [output(10_001n)] }
    assert.equal(ledger.refusal(draft), 'inputs_below_outputs')
    const minted = { ...goodDraft(ledger), outputs: [output(9_990n), output(1n, BOB, 1)] }
    assert.equal(ledger.refusal(minted), 'inputs_below_outputs')
  })

  test('inputs_below_outputs: INV-3 outputs that sum to more than 2^64', () => {
    const ledger = new TestLedger()
    const outputs = [output(AMOUNT_MAX), output(AMOUNT_MAX), output(2n)]
    assert.equal(ledger.refusal({ ...goodDraft(ledger), outputs }), 'inputs_below_outputs')
  })

  test('asset_not_balanced: an asset that pays no fees is not burnt', () => {
    const ledger = new TestLedger()
    const toys = {
      outpoint: genesisCoin(ledger.genesis, ALICE, 20),
      lock: keyLock(ALICE.publicKey),
    }
    const draft = goodDraft(ledger)
    const spends = [...(draft.spends ?? []), toys]
    const outputs = [output(9_990n), output(9_999n, BOB, 1)]
    assert.equal(ledger.refusal({ ...draft, spends, outputs }), 'asset_not_balanced')
    const balanced = [output(9_990n), output(10_000n, BOB, 1)]
    assert.equal(ledger.judge(ledger.sign({ ...draft, spends, outputs: balanced })).kind, 'applied')
  })

  test('fee_too_low: one unit below what the cost asks for; exactly that is enough', () => {
    const ledger = new TestLedger()
    const dollars = {
      outpoint: genesisCoin(ledger.genesis, ALICE, 21),
      lock: keyLock(ALICE.publicKey),
    }
    // 216 bytes and one signature: 316 units of cost at one base unit each.
    const draft = { spends: [dollars], outputs: [output(999_684n, BOB, 2)], signers: [ALICE] }
    const applied = ledger.judge(ledger.sign(draft))
    assert.ok(!isRejection(applied))
    assert.equal(applied.cost, 316)
    const lower = { ...draft, outputs: [output(999_685n, BOB, 2)] }
    assert.equal(ledger.refusal(lower), 'fee_too_low')
  })

  test('fee_too_low: an asset that pays no fees cannot pay one', () => {
    const ledger = new TestLedger()
    const toys = {
      outpoint: genesisCoin(ledger.genesis, ALICE, 20),
      lock: keyLock(ALICE.publicKey),
    }
    const draft = { spends: [toys], outputs: [output(10_000n, BOB, 1)], signers: [ALICE] }
    assert.equal(ledger.refusal(draft), 'fee_too_low')
  })

  test('signer_unused: nothing asks for a signature that is there', () => {
    const ledger = new TestLedger()
    const draft = { ...goodDraft(ledger), signers: [ALICE, BOB] }
    assert.equal(ledger.refusal(draft), 'signer_unused')
  })

  test('bad_signature: INV-20 any bit of it, or of what was signed, turned', () => {
    const ledger = new TestLedger()
    const signed = ledger.sign(goodDraft(ledger))
    const [signer] = signed.signers
    assert.ok(signer !== undefined)
    for (let bit = 0; bit < 512; bit++) {
      const signature = new Uint8Array(signer.signature)
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const forged: Transaction = { ...signed, signers: [{ ...signer, signature }] }
      assert.equal(ledger.refusalOf(forged), 'bad_signature', `bit ${bit}`)
    }
    const body = { ...signed.body, outputs: [output(9_989n)] }
    assert.equal(ledger.refusalOf({ ...signed, body }), 'bad_signature')
  })

  test('bad_signature: INV-20 one that was made for another chain', () => {
    const ledger = new TestLedger()
    const other = new TestLedger({ ...ledger.genesis, network: 'other' })
    assert.equal(other.chainId === ledger.chainId, false)
    const [spend] = goodDraft(ledger).spends ?? []
    assert.ok(spend !== undefined)
    const signedThere = other.sign({ spends: [spend], outputs: [output(9_990n)], signers: [ALICE] })
    assert.equal(ledger.refusalOf(signedThere), 'bad_signature')
  })

  test('already_revealed: REV-2 the same link or an older one of the chain, and nothing else', () => {
    const ledger = new TestLedger()
    const link = new Uint8Array(32).fill(7)
    const anchor = anchorOf(link, 3)
    const older = { index: 1, link: anchorBytes(link, 2) }
    const pay = (): Draft => ({
      ...{ spends: [ledger.coin(ALICE)], outputs: [output(9_900n)], signers: [ALICE] },
    })
    ledger.do({ ...pay(), reveals: [{ index: 3, link }] })
    assert.equal(ledger.refusal({ reveals: [{ index: 3, link }] }), 'already_revealed')
    assert.equal(ledger.refusal({ reveals: [older] }), 'already_revealed')
    // Whoever does something else besides is not to be knocked out by somebody faster.
    ledger.time = timestamp(START + 1)
    ledger.do({ ...pay(), reveals: [{ index: 3, link }, older] })
    assert.deepEqual(ledger.state.read('reveal', { anchor }), { steps: 1 })
    const step = ledger.state.read('revealStep', { anchor, step: 0 })
    assert.deepEqual(step, { index: 3, time: START, link })
  })

  test('transaction_too_costly: INV-38 more hash steps than a whole block may cost', () => {
    const ledger = new TestLedger()
    const reveals = Array.from({ length: 256 }, () => {
      return { index: 65_536, link: new Uint8Array(32) }
    })
    const signed = ledger.sign({ ...goodDraft(ledger), reveals })
    assert.equal(ledger.refusalOf(signed), 'transaction_too_costly')
  })

  test('fee_spent_otherwise: OP-7 what a channel pays as a fee comes back in an output', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 500n })
    ledger.do(forceCloseDraft(ledger, 0, 'client', LANE, undefined))
    const payFee: Operation = { kind: 'payFee', channel: 0, role: 'client', amount: amount(10n) }
    const draft = { spends: [ledger.coin(ALICE)], operations: [payFee], signers: [ALICE] }
    const over = { ...draft, outputs: [output(10_001n)] }
    assert.equal(ledger.refusal(over), 'fee_spent_otherwise')
    ledger.do({ ...draft, outputs: [output(10_000n)] })
  })
})

function anchorBytes(link: Uint8Array, steps: number): Uint8Array {
  return Buffer.from(anchorOf(link, steps), 'hex')
}

describe('INV-37 an operation on a channel is refused by name and changes nothing:', () => {
  const fund = (ledger: TestLedger, operation: Operation): Draft => ({
    spends: [ledger.coin(ALICE)],
    operations: [operation],
    signers: [ALICE],
  })

  test('terms_out_of_bounds: a dispute window one second off', () => {
    const ledger = new TestLedger()
    for (const disputeWindowSeconds of [99, 1_001]) {
      const open = openOperation({ client: 100n, hub: 0n }, { disputeWindowSeconds })
      assert.equal(ledger.refusal(fund(ledger, open)), 'terms_out_of_bounds')
    }
    for (const disputeWindowSeconds of [100, 1_000]) {
      const windows = { disputeWindowSeconds, unsureWindowSeconds: 1_000 }
      ledger.do(fund(ledger, openOperation({ client: 100n, hub: 0n }, windows)))
    }
  })

  test('terms_out_of_bounds: an unsure window shorter than the other, or too long', () => {
    const ledger = new TestLedger()
    for (const [unsureWindowSeconds, code] of [
      [199, 'terms_out_of_bounds'],
      [200, undefined],
      [1_000, undefined],
      [1_001, 'terms_out_of_bounds'],
    ] as const) {
      const windows = { disputeWindowSeconds: 200, unsureWindowSeconds }
      const draft = fund(ledger, openOperation({ client: 100n, hub: 0n }, windows))
      if (code === undefined) ledger.do(draft)
      else assert.equal(ledger.refusal(draft), code)
    }
  })

  test('keys_not_distinct: a channel with oneself', () => {
    const ledger = new TestLedger()
    const open = openOperation({ client: 1n, hub: 0n }, {}, { client: ALICE, hub: ALICE })
    assert.equal(ledger.refusal(fund(ledger, open)), 'keys_not_distinct')
  })

  test('amount_out_of_range: a channel of nothing, or of 2^63', () => {
    const ledger = new TestLedger()
    for (const hub of [0n, AMOUNT_MAX]) {
      const open = openOperation({ client: hub === 0n ? 0n : 1n, hub })
      assert.equal(ledger.refusal(fund(ledger, open)), 'amount_out_of_range')
    }
  })

  test('amount_out_of_range: a deposit of nothing, or to a total of 2^63', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 0n })
    for (const value of [0n, AMOUNT_MAX - 999n]) {
      const deposit = { kind: 'deposit', channel: 0, role: 'hub', amount: amount(value) } as const
      assert.equal(ledger.refusal(fund(ledger, deposit)), 'amount_out_of_range')
    }
  })

  test('channel_missing: an operation on a channel that never was, or is closed', () => {
    const ledger = new TestLedger()
    const deposit = { kind: 'deposit', channel: 0, role: 'hub', amount: amount(1n) } as const
    assert.equal(ledger.refusal(fund(ledger, deposit)), 'channel_missing')
    openChannel(ledger, { client: 1_000n, hub: 0n })
    const close = closeOperation(ledger, 0, { clientPayout: 900n })
    const draft = { operations: [close], outputs: [output(90n, HUB)], signers: [HUB] }
    ledger.do(draft)
    assert.equal(ledger.refusal(draft), 'channel_missing')
    assert.equal(ledger.refusal(fund(ledger, deposit)), 'channel_missing')
  })

  test('agreement_expired: one second after the agreement', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 0n })
    const close = closeOperation(ledger, 0, { clientPayout: 900n, validUntil: START + 5 })
    const draft = { operations: [close], outputs: [output(90n, HUB)], signers: [HUB] }
    ledger.time = timestamp(START + 6)
    assert.equal(ledger.refusal(draft), 'agreement_expired')
    ledger.time = timestamp(START + 5)
    assert.equal(ledger.judge(ledger.sign(draft)).kind, 'applied')
  })

  test('bad_agreement_signature: another payout, time, channel or signer than was agreed', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 0n })
    openChannel(ledger, { client: 1_000n, hub: 0n })
    const good = closeOperation(ledger, 0, { clientPayout: 900n, validUntil: START + 5 })
    const [agreed] = good.closes
    assert.ok(agreed !== undefined)
    const forgeries: Operation[] = [
      { ...good, closes: [{ ...agreed, clientPayout: amount(899n) }] },
      { ...good, validUntil: timestamp(START + 6) },
      { ...good, closes: [{ ...agreed, channel: 1 }] },
      closeOperation(ledger, 0, { clientPayout: 900n, validUntil: START + 5, client: BOB }),
    ]
    for (const forged of forgeries) {
      const draft = { operations: [forged], outputs: [output(50n, HUB)], signers: [HUB] }
      assert.equal(ledger.refusal(draft), 'bad_agreement_signature')
    }
  })

  test('missing_signature: a batch closure that the hub did not sign', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 0n })
    const close = closeOperation(ledger, 0, { clientPayout: 900n })
    assert.equal(ledger.refusal({ operations: [close] }), 'missing_signature')
  })

  test('payout_above_total: one unit more than the channel holds', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 200n })
    const close = closeOperation(ledger, 0, { clientPayout: 1_201n })
    const draft = { spends: [ledger.coin(HUB)], operations: [close], signers: [HUB] }
    assert.equal(ledger.refusal(draft), 'payout_above_total')
    ledger.do({ ...draft, operations: [closeOperation(ledger, 0, { clientPayout: 1_200n })] })
  })

  test('transaction_repeatable: INV-35 nothing in it could not happen again', () => {
    const ledger = new TestLedger()
    openChannel(ledger, { client: 1_000n, hub: 1_000n })
    ledger.do({
      operations: [
        {
          kind: 'forceClose',
          channel: 0,
          by: 'client',
          own: LANE,
          unsure: false,
          resume: undefined,
          peer: undefined,
        },
        { kind: 'payFee', channel: 0, role: 'client', amount: amount(5n) },
      ],
      signers: [ALICE],
    })
    const payFee = { kind: 'payFee', channel: 0, role: 'client', amount: amount(10n) } as const
    // Were it taken twice, the second coin would have the outpoint of the first.
    const repeatable: Draft[] = [
      { operations: [payFee], signers: [ALICE] },
      { operations: [payFee], outputs: [output(5n)], signers: [ALICE] },
      { operations: [payFee, openOperation({ client: 5n, hub: 0n })], signers: [ALICE] },
    ]
    for (const draft of repeatable) {
      assert.equal(ledger.refusal(draft), 'transaction_repeatable')
    }
    const once = { ...repeatable[0], reveals: [{ index: 1, link: new Uint8Array(32) }] }
    ledger.do(once)
    assert.equal(ledger.refusal(once), 'already_revealed')
  })
})

const LANE = LANE_START

test('the codes are tested against the whole encoding: a signed transaction reads back', () => {
  const ledger = new TestLedger()
  const signed = ledger.sign(goodDraft(ledger))
  assert.deepEqual(parseTransaction(encode(transactionCodec, signed)), signed)
})
