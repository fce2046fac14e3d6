import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  EMPTY_LIST_ROOT,
  type ListPosition,
  listPath,
  listPaths,
  listRoot,
  rootFromListPath,
  verifyListPath,
} from '#protocol/merkle/list-tree.js'
import { concatBytes, equalBytes, toHex } from '#protocol/primitives/bytes.js'
import { BrokenInvariant } from '#protocol/primitives/invariant.js'
import { flipped, listLeaf, listNode, naiveListRoot, sha256, turns } from './merkle-reference.js'

const SIZE_MAX = 65
const SIZES = Array.from({ length: SIZE_MAX }, (_, i) => i + 1)
const leafAt = (i: number) => sha256(Uint8Array.of(i >>> 8, i & 0xff))
const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafAt(i))

function assertBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.equal(actual === undefined ? actual : toHex(actual), toHex(expected))
}

describe('list tree: root', () => {
  test('the empty list has the root of 32 zero bytes', () => {
    assertBytes(listRoot([]), new Uint8Array(32))
    assertBytes(EMPTY_LIST_ROOT, new Uint8Array(32))
  })

  test('lists of 1, 2, 3 and 7 leaves, written out by hand', () => {
    const [a, b, c, d, e, f, g] = [0, 1, 2, 3, 4, 5, 6].map((i) => listLeaf(leafAt(i)))
    assert(a && b && c && d && e && f && g)
    assertBytes(listRoot(leavesOf(1)), a)
    assertBytes(listRoot(leavesOf(2)), listNode(a, b))
    assertBytes(listRoot(leavesOf(3)), listNode(listNode(a, b), c))
    const abcd = listNode(listNode(a, b), listNode(c, d))
    assertBytes(listRoot(leavesOf(7)), listNode(abcd, listNode(listNode(e, f), g)))
  })

  test('every size up to 65 agrees with the definition of RFC 6962', () => {
    for (const count of SIZES)
      assertBytes(listRoot(leavesOf(count)), naiveListRoot(leavesOf(count)))
  })

  test('36 second preimage: different lists have different roots, also with a repeated end', () => {
    const leaf = fc.constantFrom(...leavesOf(3))
    const list = fc.array(leaf, { maxLength: 9 })
    fc.assert(
      fc.property(list, list, (left, right) => {
        const isSame = left.map(toHex).join() === right.map(toHex).join()
        assert.equal(equalBytes(listRoot(left), listRoot(right)), isSame)
      }),
      { numRuns: 500 },
    )
    assert.notDeepEqual(listRoot(leavesOf(3)), listRoot([...leavesOf(3), leafAt(2)]))
  })

  test('a leaf that is not 32 bytes long is a broken invariant', () => {
    assert.throws(() => listRoot([new Uint8Array(31)]), BrokenInvariant)
    assert.throws(() => listPath(leavesOf(2), 2), BrokenInvariant)
    assert.throws(() => listPath([], 0), BrokenInvariant)
  })
})

describe('list tree: path', () => {
  test('every index of every size 1..65 verifies, alone and from all paths at once', () => {
    assert.deepEqual(listPaths([]).paths, [])
    for (const count of SIZES) {
      const leaves = leavesOf(count)
      const root = naiveListRoot(leaves)
      const { paths, root: own } = listPaths(leaves)
      assertBytes(own, root)
      assert.equal(paths.length, count)
      paths.forEach((path, index) => {
        assert.deepEqual(listPath(leaves, index), path)
        assert(verifyListPath({ root, leaf: leafAt(index), index, count, path }))
      })
    }
  })

  test('22 index bound: under the true count, no other index verifies', () => {
    for (const count of SIZES) {
      const leaves = leavesOf(count)
      const root = listRoot(leaves)
      for (const [index, path] of listPaths(leaves).paths.entries()) {
        for (let other = 0; other <= count; other++) {
          const position = { root, leaf: leafAt(index), index: other, count, path }
          assert.equal(verifyListPath(position), other === index)
        }
      }
    }
  })

  test('count is not bound: exactly the (index, count) with the same turns verify', () => {
    let ambiguous = 0
    for (let count = 1; count <= 17; count++) {
      const leaves = leavesOf(count)
      const root = listRoot(leaves)
      for (const [index, path] of listPaths(leaves).paths.entries()) {
        for (let otherCount = 1; otherCount <= 18; otherCount++) {
          for (let other = 0; other < otherCount; other++) {
            const isSameWalk = turns(other, otherCount) === turns(index, count)
            const position = { leaf: leafAt(index), index: other, count: otherCount, path }
            assert.equal(verifyListPath({ root, ...position }), isSameWalk)
            if (isSameWalk && otherCount !== count) ambiguous += 1
          }
        }
      }
    }
    assert(ambiguous > 0)
    const [path] = listPaths(leavesOf(3)).paths
    assert(path)
    assert(
      verifyListPath({ root: listRoot(leavesOf(3)), leaf: leafAt(0), index: 0, count: 4, path }),
    )
  })

  test('no changed leaf, root or path verifies', () => {
    const change = fc.record({
      count: fc.integer({ min: 1, max: SIZE_MAX }),
      place: fc.nat(),
      at: fc.nat(),
      bit: fc.nat(255),
      extra: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    })
    fc.assert(
      fc.property(change, ({ count, place, at, bit, extra }) => {
        const leaves = leavesOf(count)
        const root = listRoot(leaves)
        const index = place % count
        const leaf = leafAt(index)
        const path = listPath(leaves, index)
        const here = path.length === 0 ? 0 : at % path.length
        const accepts = (changed: Partial<ListPosition & { root: Uint8Array }>) =>
          verifyListPath({ root, leaf, index, count, path, ...changed })

        assert(accepts({}))
        assert(!accepts({ leaf: flipped(leaf, bit) }))
        assert(!accepts({ leaf: listLeaf(leaf) }))
        assert(!accepts({ leaf: leaf.slice(1) }))
        assert(!accepts({ root: flipped(root, bit) }))
        assert(!accepts({ path: path.toSpliced(at % (path.length + 1), 0, extra) }))
        if (path.length === 0) return
        assert(!accepts({ path: path.toSpliced(here, 1) }))
        const touched = path[here]
        assert(touched)
        assert(!accepts({ path: path.with(here, flipped(touched, bit)) }))
        assert(!accepts({ path: path.with(here, touched.slice(1)) }))
        if (path.length > 1) assert(!accepts({ path: path.toReversed() }))
      }),
      { numRuns: 1000 },
    )
  })

  test('36 second preimage: an inner node is not a leaf', () => {
    const [a, b, c] = leavesOf(3)
    assert(a && b && c)
    const root = listRoot([a, b, c])
    const inner = listNode(listLeaf(a), listLeaf(b))
    const position = { root, index: 0, count: 2, path: [listLeaf(c)] }
    assert(!verifyListPath({ ...position, leaf: inner }))
    const wholePreimage = concatBytes(listLeaf(a), listLeaf(b))
    assert(!verifyListPath({ ...position, leaf: wholePreimage }))
  })

  test('positions that no list has are refused, up to 2^32 leaves', () => {
    const leaf = leafAt(0)
    const path = leavesOf(32)
    const reach = (index: number, count: number, siblings: readonly Uint8Array[] = path) =>
      rootFromListPath({ leaf, index, count, path: siblings })
    const ofLast = path.reduce((hash, sibling) => listNode(sibling, hash), listLeaf(leaf))
    assertBytes(reach(2 ** 32 - 1, 2 ** 32), ofLast)
    const ofFirst = path.reduce((hash, sibling) => listNode(hash, sibling), listLeaf(leaf))
    assertBytes(reach(0, 2 ** 32), ofFirst)
    // The last of 2^31 + 1 has one sibling only: the tree of all the others.
    assertBytes(reach(2 ** 31, 2 ** 31 + 1, [leaf]), listNode(leaf, listLeaf(leaf)))

    assert.equal(reach(2 ** 32, 2 ** 32), undefined)
    assert.equal(reach(0, 2 ** 32 + 1, leavesOf(33)), undefined)
    // In 32 bits this count would wrap round to a list of two.
    assert.equal(reach(0, 2 ** 32 + 1, [leaf]), undefined)
    assert.equal(reach(0, 0, []), undefined)
    assert.equal(reach(-1, 1, []), undefined)
    assert.equal(reach(0.5, 1, []), undefined)
    assert.equal(reach(0, 1.5, []), undefined)
    assert.equal(reach(Number.NaN, 1, []), undefined)
    assert.equal(reach(0, Number.NaN, []), undefined)
  })
})
