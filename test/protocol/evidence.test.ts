import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  BATCH_LEAVES_MAX,
  balanceProofDigest,
  type ChainId,
  type ChannelId,
  type CloseAgreement,
  closeAgreementDigest,
  concatBytes,
  decode,
  type Evidence,
  encode,
  evidenceCodec,
  fromHex,
  type LaneState,
  listRoot,
  type Role,
  sha256,
  signEvidence,
  timestamp,
  verifyEvidence,
  verifySignature,
} from '@tallystick/protocol'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import {
  anchorFor,
  at,
  CHAIN,
  codeOf,
  Dice,
  evidenceOf,
  itemId,
  OTHER_CHAIN,
  SIGNERS,
  seeds,
  testChannel,
} from './test-channel.js'

const KEY = SIGNERS.hub.publicKey
type Batch = Extract<Evidence, { kind: 'batch' }>

function batchOf(digests: readonly Uint8Array[]): readonly Batch[] {
  return signEvidence(CHAIN, SIGNERS.hub, digests).map((evidence) => {
    assert.ok(evidence.kind === 'batch')
    return evidence
  })
}

const turned = (bytes: Uint8Array, at: number) =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

describe('SIG-4 evidence', () => {
  for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 33]) {
    test(`INV-22 each of ${count} digests is signed as if alone, and no other`, () => {
      const dice = new Dice(count)
      const digests = Array.from({ length: count }, () => dice.bytes(32))
      const evidence = signEvidence(CHAIN, SIGNERS.hub, digests)
      assert.equal(evidence.length, count)
      for (const [i, digest] of digests.entries()) {
        for (const [j, proof] of evidence.entries()) {
          assert.equal(verifyEvidence(CHAIN, KEY, digest, proof), i === j, `${i} by ${j}`)
        }
      }
    })
  }

  for (const seed of seeds(20)) {
    test(`INV-22 leaf, path, index, count, signature, key and chain are bound, seed ${seed}`, () => {
      const dice = new Dice(seed)
      const digests = Array.from({ length: 2 + dice.roll(40) }, () => dice.bytes(32))
      const position = dice.roll(digests.length)
      const [digest, proof] = [digests[position], batchOf(digests)[position]]
      assert.ok(digest !== undefined && proof !== undefined)
      const { index, count, path, signature } = proof
      const verdict = (change: Partial<Batch>, leaf = digest) =>
        verifyEvidence(CHAIN, KEY, leaf, { ...proof, ...change })
      assert.equal(verdict({}), true)
      assert.equal(verdict({}, turned(digest, dice.roll(32))), false)
      assert.equal(verdict({}, dice.pick(path)), false)
      assert.equal(verdict({}, listRoot(digests)), false)
      assert.equal(verdict({ signature: turned(signature, dice.roll(64)) }), false)
      for (let other = 0; other < count; other++) {
        if (other !== index) assert.equal(verdict({ index: other }), false, `index ${other}`)
      }
      for (const other of [count - 1, count + 1, 2 * count, BATCH_LEAVES_MAX]) {
        assert.equal(verdict({ count: other }), false, `count ${other}`)
      }
      for (let i = 0; i < path.length; i++) {
        const at = dice.roll(32)
        const bent = path.map((hash, j) => (i === j ? turned(hash, at) : hash))
        assert.equal(verdict({ path: bent }), false)
      }
      assert.equal(verdict({ path: path.slice(1) }), false)
      assert.equal(verdict({ path: [...path, dice.bytes(32)] }), false)
      assert.equal(verdict({ path: path.map(() => new Uint8Array(31)) }), false)
      if (path.length > 1) assert.equal(verdict({ path: path.toReversed() }), false)
      assert.equal(verifyEvidence(OTHER_CHAIN, KEY, digest, proof), false)
      assert.equal(verifyEvidence(CHAIN, SIGNERS.client.publicKey, digest, proof), false)
      assert.equal(verifyEvidence(CHAIN, KEY, digest, { kind: 'single', signature }), false)
    })
  }

  test('INV-22 a batch signature is no signature under the root, nor a root one under a leaf', () => {
    const digests = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const root = listRoot(digests)
    const [first] = batchOf(digests)
    assert.ok(first !== undefined)
    assert.equal(
      verifyEvidence(CHAIN, KEY, root, { kind: 'single', signature: first.signature }),
      false,
    )
    const signature = SIGNERS.hub.sign(root)
    assert.equal(verifyEvidence(CHAIN, KEY, digests[0] ?? root, { ...first, signature }), false)
  })

  test('HASH-2 a batch signs tag 0x0f, chain, root and count, and nothing else', () => {
    const digests = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
    const [first] = batchOf(digests)
    const digest = sha256(concatBytes(fromHex(`0f${CHAIN}`), listRoot(digests), Uint8Array.of(3)))
    assert.equal(verifySignature(KEY, digest, first?.signature ?? digest), true)
  })

  test('INV-22 a batch has 2 to 65,536 leaves, an index below, at most 16 siblings', () => {
    const evidence = (change: Partial<Batch>): Batch => {
      const signature = new Uint8Array(64)
      return { kind: 'batch', signature, index: 0, count: 2, path: [], ...change }
    }
    const hash = new Uint8Array(32)
    assert.throws(() => encode(evidenceCodec, evidence({ count: 1 })), BrokenInvariant)
    assert.throws(() => encode(evidenceCodec, evidence({ count: 65_537 })), BrokenInvariant)
    assert.throws(() => encode(evidenceCodec, evidence({ index: 65_536 })), BrokenInvariant)
    const long = { path: Array.from({ length: 17 }, () => hash) }
    assert.throws(() => encode(evidenceCodec, evidence(long)), BrokenInvariant)
    const whole = encode(evidenceCodec, evidence({ index: 65_535, count: 65_536 }))
    assert.equal(decode(evidenceCodec, whole) instanceof Object, true)
    assert.throws(() => signEvidence(CHAIN, SIGNERS.hub, []), BrokenInvariant)
    const outside = evidence({ index: 2, path: [hash] })
    assert.equal(verifyEvidence(CHAIN, KEY, hash, outside), false)
  })
})

describe('INV-20 every field of what is signed is bound', () => {
  const channel = testChannel().id
  const item = {
    id: itemId(1),
    anchor: anchorFor(1),
    unit: amount(5n),
    ticks: 3,
    paid: 1,
    expiry: at(9),
  }
  const lane: LaneState = {
    epoch: 0,
    resumeNonce: undefined,
    version: 4,
    acked: 2,
    transferred: amount(70n),
    items: [item],
  }
  type Signed = { chain: ChainId; channel: ChannelId; payer: Role; lane: LaneState }
  const whole: Signed = { chain: CHAIN, channel, payer: 'client', lane }
  const withLane = (change: Partial<LaneState>) => ({ lane: { ...lane, ...change } })
  const withItem = (change: Partial<typeof item>) => withLane({ items: [{ ...item, ...change }] })
  const flips: Readonly<Record<string, Partial<Signed>>> = {
    'chain id': { chain: OTHER_CHAIN },
    channel: { channel: testChannel({ number: 8 }).id },
    payer: { payer: 'hub' },
    epoch: withLane({ epoch: 1 }),
    'resume nonce': withLane({ resumeNonce: new Uint8Array(16) }),
    version: withLane({ version: 5 }),
    acked: withLane({ acked: 3 }),
    transferred: withLane({ transferred: amount(71n) }),
    'no items': withLane({ items: [] }),
    'one item more': withLane({ items: [item, { ...item, id: itemId(2) }] }),
    'item id': withItem({ id: itemId(2) }),
    'item anchor': withItem({ anchor: anchorFor(2) }),
    'item unit': withItem({ unit: amount(6n) }),
    'item ticks': withItem({ ticks: 4 }),
    'item paid': withItem({ paid: 0 }),
    'item expiry': withItem({ expiry: at(10) }),
    // Twice the unit of half the ticks locks as much: the item itself is signed, not its sum.
    'items of the same sum': withItem({ unit: amount(10n), ticks: 2 }),
  }
  const digestOf = (signed: Signed) =>
    balanceProofDigest(signed.chain, signed.channel, signed.payer, signed.lane)

  for (const [name, flip] of Object.entries(flips)) {
    test(`CH-5 balance proof: ${name}`, () => {
      const evidence = evidenceOf(digestOf(whole), SIGNERS.client)
      const key = SIGNERS.client.publicKey
      assert.equal(verifyEvidence(CHAIN, key, digestOf(whole), evidence), true)
      assert.equal(verifyEvidence(CHAIN, key, digestOf({ ...whole, ...flip }), evidence), false)
    })
  }

  const agreement: CloseAgreement = { channel, clientPayout: amount(9n), validUntil: timestamp(77) }
  for (const [name, chain, flip] of [
    ['chain id', OTHER_CHAIN, {}],
    ['channel', CHAIN, { channel: testChannel({ number: 8 }).id }],
    ['payout', CHAIN, { clientPayout: amount(10n) }],
    ['validity', CHAIN, { validUntil: timestamp(78) }],
  ] as const) {
    test(`CH-12 close agreement: ${name}`, () => {
      const signature = SIGNERS.client.sign(closeAgreementDigest(CHAIN, agreement))
      const key = SIGNERS.client.publicKey
      const other = closeAgreementDigest(chain, { ...agreement, ...flip })
      assert.equal(verifySignature(key, closeAgreementDigest(CHAIN, agreement), signature), true)
      assert.equal(verifySignature(key, other, signature), false)
    })
  }

  test('a decoded batch evidence with a wrong count is malformed or false, never an error', () => {
    const [proof] = batchOf([new Uint8Array(32), new Uint8Array(32).fill(1)])
    assert.ok(proof !== undefined)
    const bytes = encode(evidenceCodec, proof)
    for (let i = 0; i < bytes.length; i++) {
      const other = decode(evidenceCodec, turned(bytes, i))
      if (codeOf(other) === 'malformed') continue
      const verdict = verifyEvidence(CHAIN, KEY, new Uint8Array(32), other as Evidence)
      assert.equal(verdict, false, `byte ${i}`)
    }
  })
})
