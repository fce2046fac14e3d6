import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type SparseProof,
  type SparseTerminal,
  verifyAbsence,
  verifyInclusion,
} from '#protocol/merkle/sparse-proof.js'
import { equalBytes, fromHex, toHex } from '#protocol/primitives/bytes.js'
import { buildTree, proveKey, treeRoot, updateTree } from '../settlement/reference-tree.js'
import { flipped, modelAfter, sha256, stateLeaf, stateNode, ZEROS } from './merkle-reference.js'
import { entriesArbitrary, keyArbitrary, VALUES } from './sparse-arbitrary.js'

/** Where and with what a proof is spoilt: a bit, a place among its siblings, 32 foreign bytes. */
type Change = { readonly bit: number; readonly at: number; readonly extra: Uint8Array }

/** Single changes that a sloppy verifier might let pass; never the proof as it was. */
function mutationsOf({ siblings, terminal }: SparseProof, change: Change): SparseProof[] {
  const { bit, at, extra } = change
  // Both ends and one place between: at each of 256 siblings it would take minutes.
  const places = siblings.length === 0 ? [] : [0, at % siblings.length, siblings.length - 1]
  const paths = places.flatMap((i) => [
    siblings.map((sibling, j) => (j === i ? flipped(sibling, bit) : sibling)),
    siblings.map((sibling, j) => (j === i ? sibling.slice(1) : sibling)),
    siblings.toSpliced(i, 1),
    siblings.toSpliced(i, 0, ZEROS),
    siblings.slice(0, i),
  ])
  return [
    ...[...paths, [...siblings, ZEROS], [...siblings, extra]].map((path) => ({
      siblings: path,
      terminal,
    })),
    ...otherTerminals(terminal, change).map((end) => ({ siblings, terminal: end })),
  ]
}

function otherTerminals(terminal: SparseTerminal, { bit, extra }: Change): SparseTerminal[] {
  const plain: SparseTerminal[] = [{ kind: 'present' }, { kind: 'empty' }]
  const different = plain.filter(({ kind }) => kind !== terminal.kind)
  if (terminal.kind !== 'other') {
    return [...different, { kind: 'other', key: extra, valueHash: ZEROS }]
  }
  const { key, valueHash } = terminal
  return [
    ...different,
    { kind: 'other', key: flipped(key, bit), valueHash },
    { kind: 'other', key, valueHash: flipped(valueHash, bit) },
    ...(equalBytes(key, extra) ? [] : [{ kind: 'other' as const, key: extra, valueHash }]),
  ]
}

describe('sparse proof', () => {
  const scene = fc.record({
    entries: entriesArbitrary,
    strangers: fc.array(keyArbitrary, { minLength: 1, maxLength: 6 }),
    change: fc.record({ bit: fc.nat(255), at: fc.nat(), extra: keyArbitrary }),
  })

  test('36 each key proves what it is and nothing else; no changed proof verifies', () => {
    fc.assert(
      fc.property(scene, ({ entries, strangers, change }) => {
        const model = modelAfter(new Map(), entries)
        const tree = buildTree(entries)
        const root = treeRoot(tree)
        for (const key of [...entries.map((entry) => entry.key), ...strangers]) {
          const proof = proveKey(tree, key)
          const value = model.get(toHex(key))
          const valueHash = fromHex(value ?? toHex(ZEROS))
          assert.equal(verifyInclusion(root, key, valueHash, proof), value !== undefined)
          assert.equal(verifyAbsence(root, key, proof), value === undefined)
          assert(!verifyInclusion(root, key, flipped(valueHash, change.bit), proof))
          assert(!verifyInclusion(flipped(root, change.bit), key, valueHash, proof))
          assert(!verifyAbsence(flipped(root, change.bit), key, proof))
          for (const changed of mutationsOf(proof, change)) {
            assert(!verifyInclusion(root, key, valueHash, changed))
            assert(!verifyAbsence(root, key, changed))
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('36 whatever is put together from true parts verifies only what is true', () => {
    fc.assert(
      fc.property(scene, ({ entries, strangers }) => {
        const model = modelAfter(new Map(), entries)
        const tree = buildTree(entries)
        const keys = [...entries.slice(0, 6).map((entry) => entry.key), ...strangers]
        const honest = keys.map((key) => proveKey(tree, key))
        const hashes = honest.flatMap(({ siblings }) => siblings.slice(0, 2))
        const terminals: SparseTerminal[] = [
          { kind: 'present' },
          { kind: 'empty' },
          ...entries.map((entry) => ({ kind: 'other' as const, ...entry })),
          ...hashes.map((hash) => ({ kind: 'other' as const, key: hash, valueHash: hash })),
        ]
        for (const key of keys) {
          for (const { siblings } of honest) {
            for (const terminal of terminals) {
              const proof = { siblings, terminal }
              const value = model.get(toHex(key))
              if (verifyAbsence(treeRoot(tree), key, proof)) assert.equal(value, undefined)
              for (const valueHash of VALUES) {
                if (!verifyInclusion(treeRoot(tree), key, valueHash, proof)) continue
                assert.equal(value, toHex(valueHash))
              }
            }
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  test('keys that share 255 bits stand under 256 siblings; the last bit tells them apart', () => {
    const [even, odd] = [ZEROS, flipped(ZEROS, 255)]
    const [valueOfEven, valueOfOdd] = [sha256(ZEROS), sha256(odd)]
    const both = buildTree([
      { key: odd, valueHash: valueOfOdd },
      { key: even, valueHash: valueOfEven },
    ])
    const proof = proveKey(both, even)
    assert.equal(proof.siblings.length, 256)
    assert(verifyInclusion(treeRoot(both), even, valueOfEven, proof))
    assert(!verifyInclusion(treeRoot(both), odd, valueOfEven, proof))
    assert(!verifyAbsence(treeRoot(both), even, proof))

    const absent = proveKey(both, flipped(ZEROS, 254))
    assert.equal(absent.siblings.length, 255)
    assert.equal(absent.terminal.kind, 'empty')
    assert(verifyAbsence(treeRoot(both), flipped(ZEROS, 254), absent))

    const alone = updateTree(both, [{ key: even, valueHash: undefined }])
    assert.deepEqual(treeRoot(alone), stateLeaf(odd, valueOfOdd))
    const other = { kind: 'other', key: odd, valueHash: valueOfOdd } as const
    assert.deepEqual(proveKey(alone, even), { siblings: [], terminal: other })
    assert(verifyAbsence(treeRoot(alone), even, proveKey(alone, even)))
  })

  test('36 an inner node is not a leaf, neither the key itself nor another', () => {
    const [leftKey, rightKey] = [ZEROS, flipped(ZEROS, 0)]
    const tree = buildTree([leftKey, rightKey].map((key) => ({ key, valueHash: ZEROS })))
    const root = treeRoot(tree)
    const [right] = proveKey(tree, leftKey).siblings
    const [left] = proveKey(tree, rightKey).siblings
    assert(left && right)
    assert(!verifyInclusion(root, left, right, { siblings: [], terminal: { kind: 'present' } }))
    const asOther = { kind: 'other', key: left, valueHash: right } as const
    assert(!verifyAbsence(root, leftKey, { siblings: [], terminal: asOther }))
    assert(!verifyAbsence(root, flipped(left, 255), { siblings: [], terminal: asOther }))
  })

  test('shapes that the tree never has are refused, though the hashes fit a made-up root', () => {
    const leaf = stateLeaf(ZEROS, ZEROS)
    const present = { kind: 'present' } as const
    const empty = { kind: 'empty' } as const
    const key = flipped(ZEROS, 255)
    const other = { kind: 'other', key: ZEROS, valueHash: ZEROS } as const
    const rootOver = (end: Uint8Array, siblings: readonly Uint8Array[]) =>
      siblings.reduceRight((hash, sibling) => stateNode(hash, sibling), end)

    for (const siblings of [[ZEROS], [leaf, ZEROS]]) {
      const [overLeaf, overNothing] = [rootOver(leaf, siblings), rootOver(ZEROS, siblings)]
      assert(!verifyInclusion(overLeaf, ZEROS, ZEROS, { siblings, terminal: present }))
      assert(!verifyAbsence(overLeaf, key, { siblings, terminal: other }))
      assert(!verifyAbsence(overNothing, key, { siblings, terminal: empty }))
    }
    const siblings = Array.from({ length: 257 }, () => leaf)
    const tooDeep = rootOver(leaf, siblings)
    assert(!verifyInclusion(tooDeep, ZEROS, ZEROS, { siblings, terminal: present }))
    const deepest = siblings.slice(1)
    assert(
      verifyInclusion(rootOver(leaf, deepest), ZEROS, ZEROS, {
        siblings: deepest,
        terminal: present,
      }),
    )
    assert(!verifyAbsence(rootOver(ZEROS, deepest), ZEROS, { siblings: deepest, terminal: empty }))
  })

  test('wrong lengths are refused even where the hashes fit', () => {
    const [short, long] = [new Uint8Array(31), new Uint8Array(33)]
    for (const [key, valueHash] of [
      [short, long],
      [long, short],
      [short, ZEROS],
      [ZEROS, short],
    ] as const) {
      const root = stateLeaf(key, valueHash)
      const present: SparseProof = { siblings: [], terminal: { kind: 'present' } }
      assert(!verifyInclusion(root, key, valueHash, present))
      const other: SparseProof = { siblings: [], terminal: { kind: 'other', key, valueHash } }
      assert(!verifyAbsence(root, flipped(ZEROS, 0), other))
    }
    assert(!verifyAbsence(ZEROS, short, { siblings: [], terminal: { kind: 'empty' } }))
    const beside: SparseProof = { siblings: [long], terminal: { kind: 'present' } }
    const overLong = stateNode(stateLeaf(ZEROS, ZEROS), long)
    assert(!verifyInclusion(overLong, ZEROS, ZEROS, beside))
  })
})
