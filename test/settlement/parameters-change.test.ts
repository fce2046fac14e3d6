import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Block,
  blockDigest,
  blockId,
  decode,
  encode,
  equalBytes,
  isRejection,
  type Operation,
  type Parameters,
  parametersCodec,
  type Signer,
  type Transaction,
  timestamp,
  transactionCodec,
  transactionRoot,
} from '@tallystick/protocol'
import {
  applyBlock,
  executeTransactions,
  parametersInForce,
  ReceivedTransactions,
} from '@tallystick/settlement'
import { LedgerFault } from '#settlement/ledger-fault.js'
import { pendingUpgrade, requireSupportedVersion } from '#settlement/node/upgrade.js'
import { advanceTree, stageableState, treeRoot } from './reference-tree.js'
import {
  ALICE,
  BOB,
  keyLockOf,
  START,
  TestLedger,
  testGenesis,
  testSigner,
  VALIDATOR,
} from './test-ledger.js'

const SECOND = testSigner(201)
const THIRD = testSigner(202)

function sorted(...signers: readonly Signer[]) {
  return signers.map(({ publicKey }) => publicKey).sort()
}

/** The parameters of the test ledger after one change. */
function changed(change: Partial<Parameters> = {}): Parameters {
  return { ...testGenesis().parameters, revision: 1, ...change }
}

function schedule(activationHeight: number, parameters: Parameters): Operation {
  return { kind: 'changeParameters', change: { activationHeight, parameters } }
}

const WITHDRAW: Operation = { kind: 'changeParameters', change: undefined }

function draftOf(ledger: TestLedger, operation: Operation, signers: readonly Signer[]) {
  const outputs = [{ asset: 0, amount: amount(9_990n), lock: keyLockOf(BOB.publicKey) }]
  return {
    spends: [ledger.coin(ALICE)],
    operations: [operation],
    outputs,
    signers: [ALICE, ...signers],
  }
}

describe('OP-10 a change of the parameters', () => {
  test('is scheduled by a quorum, for ten blocks ahead at the nearest', () => {
    const ledger = new TestLedger()
    ledger.height = 5
    const near = draftOf(ledger, schedule(14, changed()), [VALIDATOR])
    assert.equal(ledger.refusal(near), 'activation_too_near')
    ledger.do(draftOf(ledger, schedule(15, changed()), [VALIDATOR]))
    const pending = ledger.state.read('parametersChange', {})
    assert.deepEqual(pending, { activationHeight: 15, parameters: changed() })
  })

  test('is refused without a quorum, whoever else signs', () => {
    const genesis = testGenesis()
    const validators = sorted(VALIDATOR, SECOND, THIRD)
    const parameters = { ...genesis.parameters, validators, quorum: 2 }
    const ledger = new TestLedger({ ...genesis, parameters })
    const operation = schedule(20, { ...parameters, revision: 1 })
    assert.equal(ledger.refusal(draftOf(ledger, operation, [])), 'missing_signature')
    assert.equal(ledger.refusal(draftOf(ledger, operation, [SECOND])), 'missing_signature')
    assert.equal(ledger.refusal(draftOf(ledger, operation, [SECOND, BOB])), 'missing_signature')
    ledger.do(draftOf(ledger, operation, [SECOND, THIRD]))
    assert.equal(ledger.refusal(draftOf(ledger, WITHDRAW, [VALIDATOR])), 'missing_signature')
    ledger.do(draftOf(ledger, WITHDRAW, [VALIDATOR, SECOND, THIRD]))
  })

  const refused: readonly (readonly [string, Partial<Parameters>, string])[] = [
    ['of the revision in force', { revision: 0 }, 'wrong_revision'],
    ['of a revision that skips one', { revision: 2 }, 'wrong_revision'],
    ['of an older version', { protocolVersion: 1 }, 'version_falls'],
    [
      'with a rate of an asset that there is not',
      { feeRates: [{ asset: 3, feePerKiloCost: 1 }] },
      'asset_unknown',
    ],
  ]
  for (const [what, change, code] of refused) {
    test(`${what} is refused: ${code}`, () => {
      const ledger = new TestLedger()
      const draft = draftOf(ledger, schedule(20, changed(change)), [VALIDATOR])
      assert.equal(ledger.refusal(draft), code)
    })
  }

  test('of a version that nobody knows yet can be scheduled: every node agrees on that', () => {
    const ledger = new TestLedger()
    ledger.do(draftOf(ledger, schedule(20, changed({ protocolVersion: 9 })), [VALIDATOR]))
  })

  test('takes the place of the one before it, or withdraws it', () => {
    const ledger = new TestLedger()
    assert.equal(ledger.refusal(draftOf(ledger, WITHDRAW, [VALIDATOR])), 'nothing_scheduled')
    ledger.do(draftOf(ledger, schedule(20, changed()), [VALIDATOR]))
    ledger.do(draftOf(ledger, schedule(30, changed()), [VALIDATOR]))
    assert.equal(ledger.state.read('parametersChange', {})?.activationHeight, 30)
    ledger.do(draftOf(ledger, WITHDRAW, [VALIDATOR]))
    assert.equal(ledger.state.read('parametersChange', {}), undefined)
  })

  test('TX-3 is signed for one time only: it takes an input', () => {
    const ledger = new TestLedger()
    const operations = [schedule(20, changed())]
    assert.equal(ledger.refusal({ operations, signers: [VALIDATOR] }), 'transaction_repeatable')
    const signed = ledger.sign(draftOf(ledger, operations[0] ?? WITHDRAW, [VALIDATOR]))
    ledger.apply(signed)
    assert.equal(ledger.refusalOf(signed), 'coin_missing')
  })

  test('ENC-5 parameters that contradict themselves have no encoding', () => {
    const bytes = encode(parametersCodec, changed())
    // Behind version and revision stand the count, one key, and the quorum.
    const quorum = 2 + 1 + 32
    assert.equal(bytes[quorum], 1)
    const two = bytes.with(quorum, 2)
    assert.ok(isRejection(decode(parametersCodec, two)))
    assert.ok(!isRejection(decode(parametersCodec, bytes)))
  })
})

/** The next block over `ledger`, certified by `signer` as the one validator; then applied. */
function nextBlock(
  ledger: ChainLedger,
  transactions: readonly Transaction[] = [],
  signer: Signer = VALIDATOR,
  parameters: Parameters = parametersInForce(ledger.state, ledger.height),
): Block {
  const encoded = transactions.map((transaction) => encode(transactionCodec, transaction))
  const { chainId, height } = ledger
  const time = timestamp(START + height)
  const candidates = ReceivedTransactions.of(chainId, encoded)
  if (isRejection(candidates)) assert.fail(candidates.detail)
  const executed = executeTransactions(ledger.state, candidates, { chainId, time, height })
  const writes = isRejection(executed) ? [] : executed.writes
  const header = {
    version: parameters.protocolVersion,
    revision: parameters.revision,
    ...{ chainId, height, time },
    parent: blockId(ledger.parent),
    transactionRoot: transactionRoot(encoded),
    stateRoot: treeRoot(advanceTree(ledger.tree, writes)),
  }
  const certificate = [{ validator: 0, signature: signer.sign(blockDigest(header)) }]
  return { header, certificate, transactions: encoded }
}

/** A test ledger that goes forward by whole blocks. */
class ChainLedger extends TestLedger {
  parent = this.header

  verdict(block: Block): string {
    const applied = this.#apply(block)
    return isRejection(applied) ? applied.code : applied.kind
  }

  take(block: Block): void {
    const applied = this.#apply(block)
    if (isRejection(applied)) assert.fail(`${applied.code}: ${applied.detail}`)
    this.state.absorb(applied.writes)
    this.tree = advanceTree(this.tree, applied.writes)
    this.parent = block.header
    this.height++
    this.time = block.header.time
  }

  takeUntil(height: number): void {
    while (this.height < height) this.take(nextBlock(this))
  }

  #apply(block: Block) {
    const tip = { state: stageableState(this.state, this.tree), header: this.parent }
    return applyBlock(tip, block, block.header.time)
  }
}

/** A chain whose block 1 scheduled `parameters` for block 11. */
function scheduledChain(parameters: Parameters): ChainLedger {
  const ledger = new ChainLedger()
  const operation = schedule(11, parameters)
  ledger.take(nextBlock(ledger, [ledger.sign(draftOf(ledger, operation, [VALIDATOR]))]))
  return ledger
}

describe('PAR-1 the block of the activation height', () => {
  const parameters = changed({ validators: [SECOND.publicKey] })

  test('INV-40 is the first that the new validators certify; the one before is still the old', () => {
    const ledger = scheduledChain(parameters)
    ledger.takeUntil(10)
    const old = testGenesis().parameters
    assert.equal(ledger.verdict(nextBlock(ledger, [], SECOND)), 'bad_certificate')
    assert.equal(ledger.verdict(nextBlock(ledger, [], SECOND, parameters)), 'wrong_revision')
    ledger.take(nextBlock(ledger, [], VALIDATOR))
    assert.equal(ledger.verdict(nextBlock(ledger, [], VALIDATOR)), 'bad_certificate')
    assert.equal(ledger.verdict(nextBlock(ledger, [], VALIDATOR, old)), 'wrong_revision')
    ledger.take(nextBlock(ledger, [], SECOND))
    assert.equal(ledger.verdict(nextBlock(ledger, [], VALIDATOR)), 'bad_certificate')
    ledger.take(nextBlock(ledger, [], SECOND))
  })

  test('PAR-2 puts the parameters in place, before its first transaction', () => {
    const ledger = scheduledChain(parameters)
    ledger.takeUntil(11)
    assert.equal(ledger.state.read('parameters', {})?.revision, 0)
    assert.equal(ledger.state.read('parametersChange', {})?.activationHeight, 11)
    ledger.take(nextBlock(ledger, [], SECOND))
    assert.deepEqual(ledger.state.read('parameters', {}), parameters)
    assert.equal(ledger.state.read('parametersChange', {}), undefined)
  })

  test('PAR-3 the change can be withdrawn in the last block before it, and not in its own', () => {
    const ledger = scheduledChain(parameters)
    ledger.takeUntil(10)
    const withdrawal = ledger.sign(draftOf(ledger, WITHDRAW, [VALIDATOR]))
    const late = scheduledChain(parameters)
    late.takeUntil(11)
    ledger.take(nextBlock(ledger, [withdrawal]))
    ledger.take(nextBlock(ledger))
    assert.equal(ledger.state.read('parameters', {})?.revision, 0)
    const tooLate = late.sign(draftOf(late, WITHDRAW, [SECOND]))
    assert.equal(late.verdict(nextBlock(late, [tooLate], SECOND)), 'block_transaction_refused')
  })

  test('TIME-3 steps time by the new parameters', () => {
    const ledger = scheduledChain(changed({ timeStepSecondsMax: 1_000 }))
    ledger.takeUntil(10)
    const jump = (block: Block) => {
      const header = { ...block.header, time: timestamp(ledger.parent.time + 900) }
      const certificate = [{ validator: 0, signature: VALIDATOR.sign(blockDigest(header)) }]
      return { ...block, header, certificate }
    }
    assert.equal(ledger.verdict(jump(nextBlock(ledger))), 'time_out_of_bounds')
    ledger.takeUntil(11)
    assert.equal(ledger.verdict(jump(nextBlock(ledger))), 'appliedBlock')
  })

  test('COST-2 takes fees by the new rates, in other assets too', () => {
    const rates = [
      { asset: 0, feePerKiloCost: 1_000 },
      { asset: 1, feePerKiloCost: 2 },
    ]
    const ledger = scheduledChain(changed({ feeRates: rates }))
    ledger.takeUntil(10)
    const outputs = [{ asset: 0, amount: amount(9_990n), lock: keyLockOf(BOB.publicKey) }]
    const cheap = ledger.sign({ spends: [ledger.coin(ALICE)], outputs, signers: [ALICE] })
    assert.equal(ledger.verdict(nextBlock(ledger, [cheap])), 'appliedBlock')
    ledger.takeUntil(11)
    const refused = applyBlock(
      { state: stageableState(ledger.state, ledger.tree), header: ledger.parent },
      nextBlock(ledger, [cheap]),
      START + 11,
    )
    assert.ok(isRejection(refused) && refused.detail.includes('fee_too_low'), 'block 11')
    // Alice's coin of 10,000 TOY, which took no fees before.
    const { txId } = ledger.coin(ALICE).outpoint
    const toys = [{ asset: 1, amount: amount(9_990n), lock: keyLockOf(BOB.publicKey) }]
    const lock = [[{ kind: 'key' as const, publicKey: ALICE.publicKey }]]
    const spends = [{ outpoint: { txId, index: 20 }, lock }]
    ledger.take(nextBlock(ledger, [ledger.sign({ spends, outputs: toys, signers: [ALICE] })]))
    assert.equal(ledger.burnt(1), 10n)
  })
})

describe('UPG-2 what a later version brings', () => {
  const issue: Operation = {
    ...{ kind: 'issue', asset: 3, supply: amount(5n) },
    terms: { code: 'OIL', decimals: 0, issuer: undefined },
  }

  function issuing(ledger: TestLedger): Transaction {
    const rest = { asset: 0, amount: amount(9_980n), lock: keyLockOf(BOB.publicKey) }
    const outputs = [rest, { asset: 3, amount: amount(5n), lock: keyLockOf(BOB.publicKey) }]
    const spends = [ledger.coin(ALICE)]
    return ledger.sign({ spends, operations: [issue], outputs, signers: [ALICE] })
  }

  test('is refused before, and taken from the activation height on', () => {
    const genesis = testGenesis()
    const parameters = { ...genesis.parameters, protocolVersion: 1 }
    const ledger = new ChainLedger({ ...genesis, parameters })
    assert.equal(ledger.refusalOf(issuing(ledger)), 'not_in_force')
    const operation = schedule(11, { ...parameters, protocolVersion: 2, revision: 1 })
    ledger.take(nextBlock(ledger, [ledger.sign(draftOf(ledger, operation, [VALIDATOR]))]))
    ledger.takeUntil(10)
    const issued = issuing(ledger)
    assert.equal(ledger.refusalOf(issued), 'not_in_force')
    assert.equal(ledger.verdict(nextBlock(ledger, [issued])), 'block_transaction_refused')
    ledger.takeUntil(11)
    const block = nextBlock(ledger, [issued])
    assert.equal(block.header.version, 2)
    const older = { ...block.header, version: 1 }
    assert.equal(ledger.verdict({ ...block, header: older }), 'wrong_version')
    ledger.take(block)
    assert.equal(ledger.state.read('asset', { asset: 3 })?.issued, 5n)
  })

  test('UPG-3 a node that does not support it stops by name, and UPG-4 has said so before', () => {
    const ledger = scheduledChain(changed({ protocolVersion: 3 }))
    const known = new Set([1, 2])
    assert.deepEqual(pendingUpgrade(ledger.state, known), {
      ...{ version: 3, activationHeight: 11, isSupported: false },
    })
    assert.equal(pendingUpgrade(ledger.state, new Set([2, 3]))?.isSupported, true)
    const at = (height: number) => parametersInForce(ledger.state, height)
    requireSupportedVersion(at(10), 10, known)
    assert.throws(
      () => requireSupportedVersion(at(11), 11, known),
      (error) => error instanceof LedgerFault && error.code === 'version_unsupported',
    )
    requireSupportedVersion(at(11), 11, new Set([3]))
  })

  test('UPG-4 a change within one version is no upgrade', () => {
    const ledger = scheduledChain(changed())
    assert.equal(pendingUpgrade(ledger.state, new Set([1, 2])), undefined)
  })
})

test('INV-33 the same chain of changes leads every node to the same root', () => {
  const [one, other] = [0, 1].map(() => {
    const ledger = scheduledChain(changed({ quorum: 1 }))
    ledger.takeUntil(13)
    return ledger
  })
  assert.ok(one !== undefined && other !== undefined)
  assert.ok(equalBytes(treeRoot(one.tree), treeRoot(other.tree)))
})
