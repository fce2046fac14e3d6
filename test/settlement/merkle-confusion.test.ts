import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Amount,
  type Block,
  blockCodec,
  decode,
  type EntryKind,
  encode,
  encodeStateProof,
  holdsTransactions,
  isRejection,
  listPath,
  provenEntry,
  STATE_ENTRIES,
  type StateEntries,
  type StateProof,
  stateKey,
  stateProofCodec,
  stateValueHash,
  timestamp,
  transactionRoot,
  verifyListPath,
  witnessedTransactionHash,
} from '@tallystick/protocol'
import { applyBlock } from '@tallystick/settlement'
import { sha256, stateLeaf, ZEROS } from '../protocol/merkle-reference.js'
import { proveKey, treeRoot } from './reference-tree.js'
import { testBlock, tipOf } from './test-block.js'
import { openChannel } from './test-channel.js'
import { ALICE, BOB, genesisCoin, keyLockOf, START, TestLedger } from './test-ledger.js'

/** A ledger with one channel, its root and a way to prove what is in it. */
function scene() {
  const ledger = new TestLedger()
  const older = { root: treeRoot(ledger.tree), tree: ledger.tree }
  openChannel(ledger, { client: 1_000n, hub: 500n })
  const prove = (kind: EntryKind, key: StateEntries[EntryKind]['key'], tree = ledger.tree) =>
    proveKey(tree, stateKey(kind, key as never)) as StateProof
  return { ledger, root: treeRoot(ledger.tree), older, prove }
}

const CHANNEL = { channel: 0 }
const NO_CHANNEL = { channel: 1 }

describe('INV-36 STATE-4 bad_state_proof: a proof of an entry shows nothing else:', () => {
  const { ledger, root, older, prove } = scene()
  const channel = encode(STATE_ENTRIES.channel.value, ledger.channel(0))
  const proof = prove('channel', CHANNEL)
  const absence = prove('channel', NO_CHANNEL)
  const code = (
    of: Uint8Array,
    key: { readonly channel: number },
    value: Uint8Array | undefined,
    shown: StateProof,
  ) => provenEntry(of, 'channel', key, value, shown)
  const refused = (outcome: ReturnType<typeof code>) =>
    assert.equal(isRejection(outcome) && outcome.code, 'bad_state_proof')

  test('what is there is proven, and what is not', () => {
    assert.deepEqual(code(root, CHANNEL, channel, proof), {
      kind: 'proven',
      value: ledger.channel(0),
    })
    assert.deepEqual(code(root, NO_CHANNEL, undefined, absence), {
      kind: 'proven',
      value: undefined,
    })
  })

  test('of another key, of another value, of another kind with the same bytes', () => {
    refused(code(root, NO_CHANNEL, channel, proof))
    refused(code(root, CHANNEL, Uint8Array.from([...channel, 0]), proof))
    const count = Uint8Array.of(1)
    const counted = provenEntry(root, 'channelCount', {}, count, prove('channelCount', {}))
    assert.equal(counted.kind, 'proven')
    const taken = provenEntry(root, 'assetCount', {}, count, prove('channelCount', {}))
    assert.equal(isRejection(taken) && taken.code, 'bad_state_proof')
  })

  test('STATE-3 the byte of the kind is in the key and in the value hash', () => {
    const number = Uint8Array.of(0)
    assert.deepEqual(stateKey('channel', CHANNEL), sha256(Uint8Array.of(0x07, 3), number))
    assert.deepEqual(stateKey('asset', { asset: 0 }), sha256(Uint8Array.of(0x07, 1), number))
    assert.deepEqual(stateValueHash('channel', channel), sha256(Uint8Array.of(0x08, 3), channel))
    assert.deepEqual(stateValueHash('coin', channel), sha256(Uint8Array.of(0x08, 2), channel))
  })

  test('of absence where the entry is there, of presence where it is not', () => {
    refused(code(root, CHANNEL, undefined, proof))
    for (const shown of [absence, { ...proof, terminal: absence.terminal }]) {
      refused(code(root, CHANNEL, undefined, shown))
    }
    const own = stateKey('channel', CHANNEL)
    const valueHash = stateValueHash('channel', channel)
    const itself = { kind: 'other', key: own, valueHash } as const
    refused(code(root, CHANNEL, undefined, { ...proof, terminal: itself }))
    refused(code(root, NO_CHANNEL, channel, { ...absence, terminal: { kind: 'present' } }))
  })

  test('under the root of an earlier or a later block', () => {
    refused(code(older.root, CHANNEL, channel, proof))
    refused(code(older.root, CHANNEL, channel, prove('channel', CHANNEL, older.tree)))
    refused(code(root, CHANNEL, undefined, prove('channel', CHANNEL, older.tree)))
    const then = code(older.root, CHANNEL, undefined, prove('channel', CHANNEL, older.tree))
    assert.equal(then.kind, 'proven')
  })

  test('with a sibling more or fewer, at either end, or in another order', () => {
    const { siblings } = proof
    assert.ok(siblings.length >= 4)
    for (const changed of [
      siblings.slice(1),
      siblings.slice(0, -1),
      [...siblings, ZEROS],
      [ZEROS, ...siblings],
      [...siblings, stateLeaf(ZEROS, ZEROS)],
      siblings.toReversed(),
      [],
    ]) {
      refused(code(root, CHANNEL, channel, { ...proof, siblings: changed }))
    }
  })

  test('with an inner node in the place of a leaf, or a leaf in that of a node', () => {
    const [top] = proof.siblings
    assert.ok(top !== undefined)
    for (const hash of [top, root, stateLeaf(ZEROS, ZEROS)]) {
      const other = { kind: 'other', key: hash, valueHash: top } as const
      refused(code(root, NO_CHANNEL, undefined, { siblings: [], terminal: other }))
      refused(code(root, CHANNEL, hash, { siblings: [], terminal: { kind: 'present' } }))
    }
  })

  test('a proof has one encoding, and one with 257 siblings has none', () => {
    const bytes = encodeStateProof(proof)
    assert.deepEqual(decode(stateProofCodec, bytes), proof)
    const long = Uint8Array.from([0x81, 0x02, ...new Uint8Array(32 * 257), 0])
    const read = decode(stateProofCodec, long)
    assert.equal(isRejection(read) && (read as { code: string }).code, 'malformed')
  })
})

/** `count` payments of Alice's to Bob, as the block that holds them. */
function blockOf(count: number): { readonly ledger: TestLedger; readonly block: Block } {
  const ledger = new TestLedger()
  const payments = Array.from({ length: count }, () =>
    ledger.sign({
      spends: [ledger.coin(ALICE)],
      outputs: [{ asset: 0, amount: 9_990n as Amount, lock: keyLockOf(BOB.publicKey) }],
      signers: [ALICE],
    }),
  )
  return { ledger, block: testBlock(ledger, timestamp(START + 1), payments) }
}

describe('INV-36 BLK-2 the list of transactions:', () => {
  test('wrong_transaction_root: CVE-2012-2459, an end that is repeated is another list', () => {
    for (let count = 1; count <= 13; count++) {
      const { ledger, block } = blockOf(count)
      const { transactions } = block
      for (let tail = 1; tail <= count; tail++) {
        const repeated = [...transactions, ...transactions.slice(-tail)]
        assert.equal(holdsTransactions(block.header, repeated), false)
        const forged = decode(blockCodec, encode(blockCodec, { ...block, transactions: repeated }))
        const verdict = applyBlock(tipOf(ledger), forged as Block, START + 1)
        assert.equal(isRejection(verdict) && verdict.code, 'wrong_transaction_root')
      }
      assert.equal(applyBlock(tipOf(ledger), block, START + 1).kind, 'appliedBlock')
    }
  })

  test('a path leads to its own place in its own list only: no other index, list or leaf', () => {
    const [{ block }, other] = [blockOf(5), blockOf(6)]
    const leaves = block.transactions.map(witnessedTransactionHash)
    const root = transactionRoot(block.transactions)
    for (const [index, leaf] of leaves.entries()) {
      const place = { root, leaf, index, count: 5, path: listPath(leaves, index) }
      assert.equal(verifyListPath(place), true)
      for (const wrong of [
        ...[0, 1, 2, 3, 4].filter((at) => at !== index).map((at) => ({ index: at })),
        ...leaves.filter((hash) => hash !== leaf).map((hash) => ({ leaf: hash })),
        { root: transactionRoot(other.block.transactions) },
        { root: block.header.stateRoot },
        { path: [] },
        { path: [...place.path, ZEROS] },
        { path: place.path.slice(1) },
      ]) {
        assert.equal(verifyListPath({ ...place, ...wrong }), false)
      }
    }
  })

  test('a proof in one tree shows nothing in the other', () => {
    const { ledger, block } = blockOf(4)
    const outpoint = genesisCoin(ledger.genesis, BOB, 0)
    const key = stateKey('coin', outpoint)
    const coin = ledger.state.read('coin', outpoint)
    assert.ok(coin !== undefined)
    const value = encode(STATE_ENTRIES.coin.value, coin)
    const { siblings } = proveKey(ledger.tree, key)
    const root = treeRoot(ledger.tree)
    for (const leaf of [
      key,
      stateValueHash('coin', value),
      stateLeaf(key, stateValueHash('coin', value)),
    ]) {
      for (let index = 0; index < 2 ** 6; index++) {
        const path = siblings.toReversed()
        const position = { root, leaf, index, count: 2 ** siblings.length, path }
        assert.equal(verifyListPath(position), false)
      }
    }
    const leaves = block.transactions.map(witnessedTransactionHash)
    for (const [index] of leaves.entries()) {
      const path = listPath(leaves, index)
      for (const order of [path, path.toReversed()]) {
        const shown = { siblings: order, terminal: { kind: 'present' } } as const
        const { transactionRoot: listed } = block.header
        const outcome = provenEntry(listed, 'coin', outpoint, value, shown)
        assert.equal(isRejection(outcome) && outcome.code, 'bad_state_proof')
      }
    }
  })
})
