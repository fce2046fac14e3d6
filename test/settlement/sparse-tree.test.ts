import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BrokenInvariant,
  fromHex,
  sparseLeafHash,
  toHex,
  verifyAbsence,
  verifyInclusion,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { SparseTree } from '#settlement/tree/sparse-tree.js'
import {
  flipped,
  type Model,
  modelAfter,
  naiveSparseRoot,
  sha256,
  stateLeaf,
  ZEROS,
} from '../protocol/merkle-reference.js'
import { batchArbitrary, entriesArbitrary, keyArbitrary } from '../protocol/sparse-arbitrary.js'
import { buildTree, proveKey, treeRoot } from './reference-tree.js'
import { treeBatchOf } from './tree-batch-of.js'

/** An entry as the rules know it: the tree itself takes the hash of its leaf. */
type Entry = { readonly key: Uint8Array; readonly valueHash: Uint8Array | undefined }

function changeOf({ key, valueHash }: Entry) {
  return { key, leafHash: valueHash && sparseLeafHash(key, valueHash) }
}

/** A tree with the value hashes of its slots, as its owner keeps them. */
class TestTree {
  readonly tree = new SparseTree()
  readonly values = new Map<number, Uint8Array>()

  constructor(entries: readonly Entry[] = []) {
    this.update(entries)
  }

  update(changes: readonly Entry[]): this {
    const staged = this.tree.stage(treeBatchOf(changes.map(changeOf)))
    for (const slot of staged.retired) this.values.delete(slot)
    changes.forEach(({ valueHash }, position) => {
      const slot = staged.slots[position] ?? 0
      assert.equal(slot !== 0, valueHash !== undefined, 'a slot for every value')
      if (valueHash !== undefined) this.values.set(slot, valueHash)
    })
    staged.commit()
    assert.equal(this.values.size, this.tree.size, 'no slot is lost or given out twice')
    return this
  }

  get root(): string {
    return toHex(this.tree.root)
  }

  prove(key: Uint8Array) {
    return this.tree.prove(key, (slot) => this.values.get(slot) ?? assert.fail('an empty slot'))
  }
}

function entriesOf(model: Model): Entry[] {
  return [...model].map(([key, value]) => ({ key: fromHex(key), valueHash: fromHex(value) }))
}

function rootHex(entries: readonly Entry[]): string {
  return new TestTree(entries).root
}

describe('INV-34 sparse tree: root (MRK-3)', () => {
  test('the empty tree is 32 zero bytes, a lone entry is the root itself', () => {
    const key = sha256(ZEROS)
    assert.deepEqual(new SparseTree().root, ZEROS)
    assert.equal(rootHex([{ key, valueHash: ZEROS }]), toHex(stateLeaf(key, ZEROS)))
  })

  test('batches, applied one after the other, end at the root of what is left', () => {
    fc.assert(
      fc.property(fc.array(batchArbitrary, { maxLength: 6 }), (batches) => {
        const tree = new TestTree()
        let model: Model = new Map()
        for (const batch of batches) {
          tree.update(batch)
          model = modelAfter(model, batch)
          assert.equal(tree.root, toHex(naiveSparseRoot(model)))
        }
        assert.equal(tree.root, rootHex(entriesOf(model)))
      }),
      { numRuns: 300 },
    )
  })

  test('any order and any split of one batch give the same root', () => {
    const shuffled = entriesArbitrary.chain((entries) =>
      fc.record({
        entries: fc.constant(entries),
        order: fc.shuffledSubarray(entries, { minLength: entries.length }),
        at: fc.nat(entries.length),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ entries, order, at }) => {
        const expected = rootHex(entries)
        assert.equal(rootHex(order), expected)
        assert.equal(new TestTree(order.slice(0, at)).update(order.slice(at)).root, expected)
        const oneByOne = order.reduce((tree, entry) => tree.update([entry]), new TestTree())
        assert.equal(oneByOne.root, expected)
      }),
      { numRuns: 300 },
    )
  })

  test('insert, delete, insert is insert; insert, delete is never there', () => {
    fc.assert(
      fc.property(entriesArbitrary, batchArbitrary, (entries, batch) => {
        const model = modelAfter(
          new Map(),
          entries.map(({ key, valueHash }) => ({ key, valueHash })),
        )
        const strangers = batch.filter(({ key }) => !model.has(toHex(key)))
        const inserts = strangers.map(({ key }) => ({ key, valueHash: ZEROS }))
        const deletes = strangers.map(({ key }) => ({ key, valueHash: undefined }))
        const tree = new TestTree(entries)
        const before = tree.root
        const inserted = tree.update(inserts).root
        assert.equal(tree.update(deletes).root, before)
        assert.equal(tree.update(inserts).root, inserted)
        const everyKey = [...entries, ...inserts].map(({ key }) => ({ key, valueHash: undefined }))
        assert.equal(tree.update(everyKey).root, toHex(ZEROS))
        assert.equal(tree.tree.size, 0)
      }),
      { numRuns: 300 },
    )
  })

  test('ten thousand entries and as many changes agree with the tree of objects', () => {
    const entry = (i: number) => ({
      key: sha256(Uint8Array.of(i, i >>> 8)),
      valueHash: sha256(Uint8Array.of(i >>> 8, i)),
    })
    const entries = Array.from({ length: 10_000 }, (_, i) => entry(i))
    const tree = new TestTree(entries)
    assert.equal(tree.root, toHex(treeRoot(buildTree(entries))))
    const gone = entries.slice(0, 5_000).map(({ key }) => ({ key, valueHash: undefined }))
    const come = Array.from({ length: 5_000 }, (_, i) => entry(20_000 + i))
    tree.update([...gone, ...come])
    assert.equal(tree.root, toHex(treeRoot(buildTree([...entries.slice(5_000), ...come]))))
  })
})

describe('INV-37 a batch that is staged', () => {
  test('changes nothing until it is committed, and nothing when it is discarded', () => {
    fc.assert(
      fc.property(entriesArbitrary, batchArbitrary, keyArbitrary, (entries, batch, key) => {
        const tree = new TestTree(entries)
        const reference = buildTree(entries as { key: Uint8Array; valueHash: Uint8Array }[])
        const unchanged = () => {
          assert.deepEqual(tree.tree.root, treeRoot(reference))
          assert.deepEqual(tree.prove(key), proveKey(reference, key))
          for (const { key: own } of entries) {
            assert.deepEqual(tree.prove(own), proveKey(reference, own))
          }
        }
        const staged = tree.tree.stage(treeBatchOf(batch.map(changeOf)))
        unchanged()
        staged.discard()
        unchanged()
        const again = tree.tree.stage(treeBatchOf(batch.map(changeOf)))
        assert.deepEqual(again.root, staged.root)
        again.discard()
        tree.update(batch)
        assert.deepEqual(tree.tree.root, staged.root)
      }),
      { numRuns: 300 },
    )
  })

  test('is one at a time, and ends once', () => {
    const { tree } = new TestTree()
    const staged = tree.stage(treeBatchOf([]))
    assert.throws(() => tree.stage(treeBatchOf([])), BrokenInvariant)
    staged.commit()
    assert.throws(() => staged.commit(), BrokenInvariant)
    assert.throws(() => staged.discard(), BrokenInvariant)
  })

  test('keeps nothing of a buffer that the caller reuses', () => {
    const key = sha256(ZEROS)
    const buffer = Uint8Array.from(key)
    const tree = new TestTree([{ key: buffer, valueHash: ZEROS }])
    buffer.fill(0)
    assert(verifyInclusion(tree.tree.root, key, ZEROS, tree.prove(key)))
  })

  test('with a repeated key or a wrong length is a broken invariant', () => {
    const { tree } = new TestTree()
    const key = sha256(ZEROS)
    const twice = [
      { key, valueHash: ZEROS },
      { key: ZEROS, valueHash: ZEROS },
      { key: Uint8Array.from(key), valueHash: undefined },
    ]
    assert.throws(() => tree.stage(treeBatchOf(twice.map(changeOf))), BrokenInvariant)
    const short = new Uint8Array(31)
    assert.throws(() => tree.stage(treeBatchOf([{ key: short, leafHash: ZEROS }])), BrokenInvariant)
    assert.throws(() => tree.stage(treeBatchOf([{ key, leafHash: short }])), BrokenInvariant)
    assert.throws(() => tree.prove(short, () => ZEROS), BrokenInvariant)
  })
})

describe('INV-36 sparse tree: proofs (STATE-4)', () => {
  test('show each entry, and of no other key, under the root', () => {
    fc.assert(
      fc.property(entriesArbitrary, keyArbitrary, (entries, stranger) => {
        const tree = new TestTree(entries)
        const { root } = tree.tree
        for (const { key, valueHash } of entries) {
          assert.ok(verifyInclusion(root, key, valueHash, tree.prove(key)))
          assert.notEqual(tree.tree.slotOf(key), 0)
        }
        const isThere = entries.some(({ key }) => toHex(key) === toHex(stranger))
        assert.equal(verifyAbsence(root, stranger, tree.prove(stranger)), !isThere)
        assert.equal(tree.tree.slotOf(stranger) !== 0, isThere)
      }),
      { numRuns: 300 },
    )
  })

  test('of an entry whose neighbour shares 255 bits have 256 siblings', () => {
    const entries = [ZEROS, flipped(ZEROS, 255)].map((key) => ({ key, valueHash: ZEROS }))
    const tree = new TestTree(entries)
    assert.equal(tree.prove(ZEROS).siblings.length, 256)
    assert.ok(verifyInclusion(tree.tree.root, ZEROS, ZEROS, tree.prove(ZEROS)))
  })
})
