import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  isRejection,
  keyLock,
  type LockRoot,
  lockRoot,
  type Signer,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { awaitedKeys, coSign, joinSignatures } from '#client-sdk/ledger/co-sign.js'
import type { OwnedCoin } from '#client-sdk/ledger/coin-selection.js'
import {
  issueTransaction,
  parametersProposal,
  reissueTransaction,
} from '#client-sdk/ledger/ledger-operations.js'
import type { BuiltTransaction } from '#client-sdk/ledger/transaction-draft.js'
import { LedgerWorld, START, testGenesis, testSigner, VALIDATOR } from './ledger-world.js'

const OWNER = testSigner(1)
const ISSUER = testSigner(2)
const LOCK = lockRoot(keyLock(OWNER.publicKey))
const TERMS = { code: 'OIL', decimals: 2, issuer: ISSUER.publicKey }

/** A ledger that takes fees in assets 0 and 1, and a plan over every coin of its owner. */
class Scene {
  readonly world = new LedgerWorld(testGenesis(OWNER, [10, 300], [[50_000n], [90_000n]]))

  plan(asset: number, feePerKiloCost: number, signers: readonly Signer[] = []) {
    return {
      ...{ chainId: this.world.chainId, coins: this.coins(), signers },
      fee: { asset, feePerKiloCost },
      changeLock: LOCK,
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    }
  }

  coins(): OwnedCoin[] {
    return this.world.state.writes().flatMap(({ kind, key, value }) => {
      if (kind !== 'coin' || value === undefined || value.lock !== LOCK) return []
      const lock = keyLock(OWNER.publicKey)
      return [{ outpoint: key, coin: value, lock, alternative: 0, signers: [OWNER] }]
    })
  }

  include(built: BuiltTransaction | { readonly kind: 'rejection'; readonly detail: string }) {
    if (isRejection(built)) assert.fail(built.detail)
    this.world.produce(timestamp(START + this.world.header.height + 1), built.transaction)
    return built
  }

  held(asset: number, lock: LockRoot = LOCK): bigint {
    return this.world.state.writes().reduce((sum, { kind, value }) => {
      const isOne = kind === 'coin' && value?.asset === asset && value.lock === lock
      return isOne ? sum + value.amount : sum
    }, 0n)
  }
}

describe('transactions that issue', () => {
  test('OP-8 OP-9 make an asset, then more of it, with the exact fee', () => {
    const scene = new Scene()
    const issue = { asset: 2, terms: TERMS, supply: amount(700n), lock: LOCK }
    const made = scene.include(issueTransaction(scene.plan(0, 10, [ISSUER]), issue))
    assert.equal(scene.held(2), 700n)
    assert.equal(scene.world.burnt(0), made.fee)
    const more = { asset: 2, amount: amount(41n), lock: LOCK }
    scene.include(reissueTransaction(scene.plan(0, 10, [ISSUER]), more))
    assert.equal(scene.held(2), 741n)
  })

  test('COST-2 are paid for in whatever asset has a rate', () => {
    const scene = new Scene()
    const issue = { asset: 2, terms: TERMS, supply: amount(0n), lock: LOCK }
    const made = scene.include(issueTransaction(scene.plan(1, 300, [ISSUER]), issue))
    assert.deepEqual([scene.world.burnt(0), scene.world.burnt(1)], [0n, made.fee])
    assert.ok(made.fee >= 3_000n, '10,000 units of cost at 300 per 1,000')
  })
})

test('OP-10 a proposal that a validator at hand signs needs no other signature', () => {
  const scene = new Scene()
  const parameters = { ...scene.world.genesis.parameters, revision: 1, timeStepSecondsMax: 7 }
  const change = { activationHeight: 30, parameters }
  const plan = scene.plan(0, 10, [VALIDATOR])
  scene.include(parametersProposal(plan, change, [VALIDATOR.publicKey]))
  assert.deepEqual(scene.world.state.read('parametersChange', {}), change)
  const withdrawal = scene.plan(0, 10, [VALIDATOR])
  scene.include(parametersProposal(withdrawal, undefined, [VALIDATOR.publicKey]))
  assert.equal(scene.world.state.read('parametersChange', {}), undefined)
})

describe('OP-10 signatures of several machines', () => {
  const [second, third] = [testSigner(202), testSigner(203)]
  const listed = [VALIDATOR, second].map(({ publicKey }) => publicKey)

  function proposed() {
    const scene = new Scene()
    const built = parametersProposal(scene.plan(0, 10), undefined, listed)
    if (isRejection(built)) assert.fail(built.detail)
    return { chainId: scene.world.chainId, transaction: built.transaction }
  }

  test('are joined from copies, and a wrong one never takes the place of a right one', () => {
    const { chainId, transaction } = proposed()
    const [one, two] = [VALIDATOR, second].map((signer) => coSign(chainId, transaction, signer))
    if (isRejection(one) || isRejection(two)) assert.fail('both are listed')
    assert.ok(one !== undefined && two !== undefined)
    assert.deepEqual(awaitedKeys(chainId, one), [second.publicKey])
    const joined = joinSignatures(chainId, one, [transaction, two, one])
    if (isRejection(joined)) assert.fail(joined.detail)
    assert.deepEqual(awaitedKeys(chainId, joined), [])
  })

  test('are refused by name from another transaction, and from a key without a place', () => {
    const { chainId, transaction } = proposed()
    const body = { ...transaction.body, memo: Uint8Array.of(1) }
    const refused = joinSignatures(chainId, transaction, [{ ...transaction, body }])
    assert.equal(isRejection(refused) && refused.code, 'signature_of_another')
    const unlisted = coSign(chainId, transaction, third)
    assert.equal(isRejection(unlisted) && unlisted.code, 'signer_unused')
  })
})
