import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { verifyInclusion } from '#protocol/merkle/sparse-proof.js'
import {
  buildTree,
  EMPTY_TREE,
  proveKey,
  type SparseEntry,
  treeRoot,
  updateTree,
} from '#protocol/merkle/sparse-tree.js'
import { fromHex, toHex } from '#protocol/primitives/bytes.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import {
  flipped,
  type Model,
  modelAfter,
  naiveSparseRoot,
  sha256,
  stateLeaf,
  ZEROS,
} from './merkle-reference.js'
import { batchArbitrary, entriesArbitrary } from './sparse-arbitrary.js'

function entriesOf(model: Model): SparseEntry[] {
  return [...model].map(([key, value]) => ({ key: fromHex(key), valueHash: fromHex(value) }))
}

function rootHex(entries: readonly SparseEntry[]): string {
  return toHex(treeRoot(buildTree(entries)))
}

describe('sparse tree: root', () => {
  test('the empty tree is 32 zero bytes, a lone entry is the root itself', () => {
    const key = sha256(ZEROS)
    assert.deepEqual(treeRoot(EMPTY_TREE), ZEROS)
    assert.deepEqual(treeRoot(buildTree([{ key, valueHash: ZEROS }])), stateLeaf(key, ZEROS))
  })

  test('34 order: batches, applied one after the other, end at the root of what is left', () => {
    fc.assert(
      fc.property(fc.array(batchArbitrary, { maxLength: 6 }), (batches) => {
        let tree = EMPTY_TREE
        let model: Model = new Map()
        for (const batch of batches) {
          tree = updateTree(tree, batch)
          model = modelAfter(model, batch)
          assert.equal(toHex(treeRoot(tree)), toHex(naiveSparseRoot(model)))
        }
        assert.equal(toHex(treeRoot(tree)), rootHex(entriesOf(model)))
      }),
      { numRuns: 300 },
    )
  })

  test('34 order: any order and any split of one batch give the root of buildTree', () => {
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
        const halves = updateTree(updateTree(EMPTY_TREE, order.slice(0, at)), order.slice(at))
        assert.equal(toHex(treeRoot(halves)), expected)
        const oneByOne = order.reduce((tree, entry) => updateTree(tree, [entry]), EMPTY_TREE)
        assert.equal(toHex(treeRoot(oneByOne)), expected)
      }),
      { numRuns: 300 },
    )
  })

  test('34 insert, delete, insert is insert; insert, delete is never there', () => {
    fc.assert(
      fc.property(entriesArbitrary, batchArbitrary, (entries, batch) => {
        const model = modelAfter(new Map(), entries)
        const strangers = batch.filter(({ key }) => !model.has(toHex(key)))
        const inserts = strangers.map(({ key }) => ({ key, valueHash: ZEROS }))
        const deletes = strangers.map(({ key }) => ({ key, valueHash: undefined }))

        const before = buildTree(entries)
        const inserted = updateTree(before, inserts)
        const deleted = updateTree(inserted, deletes)
        assert.equal(toHex(treeRoot(deleted)), toHex(treeRoot(before)))
        const again = updateTree(deleted, inserts)
        assert.equal(toHex(treeRoot(again)), toHex(treeRoot(inserted)))
        const everyKey = entries.map(({ key }) => ({ key, valueHash: undefined }))
        assert.equal(treeRoot(updateTree(before, everyKey)), treeRoot(EMPTY_TREE))
      }),
      { numRuns: 300 },
    )
  })

  test('deleting missing keys gives the very same tree', () => {
    const present = [0, 1, 2].map((i) => ({ key: flipped(ZEROS, 253 + i), valueHash: ZEROS }))
    const missing = [0, 1, 252].map((bit) => ({ key: flipped(ZEROS, bit), valueHash: undefined }))
    for (const count of [0, 1, 2, 3]) {
      const tree = buildTree(present.slice(0, count))
      assert.equal(updateTree(tree, missing), tree)
      assert.equal(updateTree(tree, []), tree)
    }
  })

  test('an update leaves the old tree as it was, a reused buffer leaves the new one', () => {
    const key = sha256(ZEROS)
    const old = buildTree([{ key: ZEROS, valueHash: ZEROS }])
    const oldRoot = toHex(treeRoot(old))
    const buffer = Uint8Array.from(key)
    const tree = updateTree(old, [{ key: buffer, valueHash: ZEROS }])
    buffer.fill(0)
    assert.equal(toHex(treeRoot(old)), oldRoot)
    assert(verifyInclusion(treeRoot(tree), key, ZEROS, proveKey(tree, key)))
    const emptied = updateTree(tree, [{ key: ZEROS, valueHash: undefined }])
    assert.equal(toHex(treeRoot(emptied)), rootHex([{ key, valueHash: ZEROS }]))
  })

  test('a repeated key or a wrong length is a broken invariant', () => {
    const key = sha256(ZEROS)
    const twice = [
      { key, valueHash: ZEROS },
      { key: ZEROS, valueHash: ZEROS },
      { key, valueHash: undefined },
    ]
    assert.throws(() => updateTree(EMPTY_TREE, twice), BrokenInvariant)
    const short = new Uint8Array(31)
    assert.throws(() => buildTree([{ key: short, valueHash: ZEROS }]), BrokenInvariant)
    assert.throws(() => buildTree([{ key, valueHash: short }]), BrokenInvariant)
    assert.throws(() => proveKey(EMPTY_TREE, short), BrokenInvariant)
  })
})
