import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type BlockHeader,
  type BlockId,
  blockDigest,
  type ChainId,
  isRejection,
  timestamp,
} from '@tallystick/protocol'
import {
  acceptBlock,
  acceptHeader,
  type LightClient,
  startLightClient,
} from '#client-sdk/ledger/light-client.js'
import { certify, LedgerWorld, START, testGenesis, testSigner, VALIDATOR } from './ledger-world.js'

const genesis = testGenesis(testSigner(1), [10], [[1_000n]])
const world = new LedgerWorld(genesis)
const genesisBlock = world.header
const blocks = [1, 2, 3, 4].map((i) => world.produce(timestamp(START + i)))
const [first, second, third, fourth] = blocks as [
  (typeof blocks)[0],
  (typeof blocks)[0],
  (typeof blocks)[0],
  (typeof blocks)[0],
]
const start = startLightClient(genesis)

function accepted(state: LightClient, header: BlockHeader): LightClient {
  const next = acceptHeader(state, header, certify(header))
  assert.ok(!isRejection(next))
  return next
}

function refusal(state: LightClient, header: BlockHeader, certificate = certify(header)): string {
  const next = acceptHeader(state, header, certificate)
  return isRejection(next) ? next.code : 'accepted'
}

describe('INV-40 the light client', () => {
  const atThird = accepted(start, third.header)

  test('accepts headers in order, with gaps, and the tip again', () => {
    assert.equal(accepted(accepted(start, first.header), second.header).tip, second.header)
    assert.equal(accepted(atThird, fourth.header).tip, fourth.header)
    assert.equal(refusal(atThird, third.header), 'accepted')
  })

  test('refuses another chain before it looks at anything else', () => {
    const other = { ...first.header, chainId: 'ab'.repeat(32) as ChainId, height: 0 }
    assert.equal(refusal(start, other, []), 'wrong_chain')
  })

  test('refuses rules that it does not know', () => {
    assert.equal(refusal(start, { ...first.header, version: 3 }), 'unsupported_version')
  })

  test('refuses height 0, which nobody certifies', () => {
    assert.equal(refusal(start, genesisBlock), 'genesis_not_certified')
  })

  test('refuses to go back', () => {
    assert.equal(refusal(atThird, second.header), 'older_than_tip')
  })

  test('refuses a time that falls, from the genesis on', () => {
    const early = { ...first.header, time: timestamp(START - 1) }
    assert.equal(refusal(start, early), 'time_falls')
    const back = { ...fourth.header, time: timestamp(third.header.time - 1) }
    assert.equal(refusal(atThird, back), 'time_falls')
    const same = { ...fourth.header, time: third.header.time }
    assert.equal(refusal(atThird, same), 'accepted')
  })

  test('refuses a header without a certificate', () => {
    const next = acceptHeader(start, first.header, undefined)
    assert.ok(isRejection(next) && next.code === 'bad_certificate')
    assert.equal(refusal(start, first.header, []), 'bad_certificate')
  })

  test('refuses the certificate of another header, of another key, of an unknown validator', () => {
    assert.equal(refusal(start, first.header, certify(second.header)), 'bad_certificate')
    const forged = testSigner(9).sign(blockDigest(first.header))
    assert.equal(
      refusal(start, first.header, [{ validator: 0, signature: forged }]),
      'bad_certificate',
    )
    const signature = VALIDATOR.sign(blockDigest(first.header))
    assert.equal(refusal(start, first.header, [{ validator: 1, signature }]), 'bad_certificate')
  })

  test('refuses fewer signatures than the quorum', () => {
    const keys = [VALIDATOR.publicKey, testSigner(201).publicKey].sort()
    const parameters = { ...genesis.parameters, validators: keys, quorum: 2 }
    const two = startLightClient({ ...genesis, parameters })
    const header = { ...first.header, chainId: two.chainId }
    const certificate = [
      {
        validator: keys.indexOf(VALIDATOR.publicKey),
        signature: VALIDATOR.sign(blockDigest(header)),
      },
    ]
    assert.equal(refusal(two, header, certificate), 'bad_certificate')
  })

  test('names two certified blocks that exclude each other', () => {
    const twin = { ...third.header, stateRoot: new Uint8Array(32).fill(7) }
    assert.equal(refusal(atThird, twin), 'conflicting_block')
    const stranger = { ...fourth.header, parent: '77'.repeat(32) as BlockId }
    assert.equal(refusal(atThird, stranger), 'conflicting_block')
    assert.equal(refusal(atThird, twin, certify(third.header)), 'bad_certificate')
  })

  test('refuses a block with other transactions than its header commits to', () => {
    const next = acceptBlock(start, { ...first, transactions: [Uint8Array.of(1)] })
    assert.ok(isRejection(next) && next.code === 'wrong_transaction_root')
    assert.ok(!isRejection(acceptBlock(start, first)))
    const uncertified = acceptBlock(start, { ...first, certificate: certify(second.header) })
    assert.ok(isRejection(uncertified) && uncertified.code === 'bad_certificate')
  })
})
