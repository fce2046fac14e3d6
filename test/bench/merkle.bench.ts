import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { sha256, sparseLeafHash, utf8 } from '@tallystick/protocol'
import { SparseTree } from '#settlement/tree/sparse-tree.js'
import { emptyBatch, type TreeBatch } from '#settlement/tree/tree-batch.js'
import { median, progress, report, residentBytes, SCALE, timed } from './benchmark.js'

/*
 * The state tree: batches of 10,000 insertions and 10,000 deletions in trees of growing size, on one
 * core, and the memory of a leaf. Limits: 150 ms and 150 bytes at a million leaves. Held against the
 * bare hashes of a batch: one SHA-256 of 64 bytes for every node that it touches.
 */

const BATCH = 10_000
const ROUNDS = 5
const LEAVES = [10_000, 100_000, 1_000_000, 10_000_000].map((leaves) => Math.round(leaves * SCALE))

/** Parts of the key space that a tree is built in, one after the other, as a restart does. */
const PARTS = 1_024

/** The key of entry number `i` of a sequence, as good as random, in part `i % PARTS` of all keys. */
function keyOf(i: number): Uint8Array {
  // Not a Buffer of Node's: what those leave behind in memory would be counted with the tree.
  const key = sha256(utf8(`key ${i}`))
  const part = i % PARTS
  key[0] = part >>> 2
  key[1] = ((part & 3) << 6) | ((key[1] ?? 0) & 0x3f)
  return key
}

/** The batch that puts in a leaf for each key, after it removes those of `gone`. */
function batchOf(come: readonly Uint8Array[], gone: readonly Uint8Array[] = []): TreeBatch {
  const batch = emptyBatch(gone.length + come.length)
  batch.removals.fill(1, 0, gone.length)
  for (const [i, key] of gone.entries()) batch.keys.set(key, 32 * i)
  for (const [i, key] of come.entries()) {
    const at = 32 * (gone.length + i)
    batch.keys.set(key, at)
    batch.leafHashes.set(sparseLeafHash(key, key), at)
  }
  return batch
}

function build(leaves: number): SparseTree {
  const tree = new SparseTree()
  tree.reserve(leaves)
  for (let part = 0; part < PARTS; part++) {
    const count = Math.ceil((leaves - part) / PARTS)
    tree.stage(batchOf(Array.from({ length: count }, (_, i) => keyOf(part + PARTS * i)))).commit()
  }
  return tree
}

function measure(leaves: number) {
  progress(`building a tree of ${leaves} leaves`)
  const before = residentBytes()
  const tree = build(leaves)
  const residentBytesPerLeaf = (residentBytes() - before) / leaves
  const batches = Math.min(BATCH, leaves / 2)
  const times = Array.from({ length: ROUNDS }, (_, round) => {
    const gone = Array.from({ length: batches }, (_, i) => keyOf(round * batches + i))
    const come = Array.from({ length: batches }, (_, i) => keyOf(leaves + round * batches + i))
    // Hashing the new leaves is part of a batch.
    const [milliseconds] = timed(() => tree.stage(batchOf(come, gone)).commit())
    return milliseconds
  })
  const milliseconds = median(times)
  return {
    leaves,
    batchMs: milliseconds,
    microsecondsPerUpdate: (1_000 * milliseconds) / (2 * batches),
    /** After the batches, which make the arrays grow once. */
    arrayBytesPerLeaf: tree.byteLength / leaves,
    residentBytesPerLeaf,
  }
}

/** Microseconds of one native SHA-256 over 64 bytes. */
function nativeHash(): number {
  const input = randomFillSync(new Uint8Array(64))
  const [milliseconds] = timed(() => {
    for (let i = 0; i < 200_000; i++) sha256(input)
  })
  return milliseconds / 200
}

const only = process.argv.indexOf('--leaves')
if (only >= 0) {
  process.stdout.write(JSON.stringify(measure(Number(process.argv[only + 1]))))
} else {
  // Each size in a process of its own, so that its memory is its own.
  const sizes = LEAVES.map((leaves): ReturnType<typeof measure> => {
    // A small heap for young objects: else its 30 MB, which any process has, count as the tree's.
    const flags = [...process.execArgv, '--max-semi-space-size=2']
    const args = [...flags, process.argv[1] ?? '', '--leaves', `${leaves}`]
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: [...stdio] }))
  })
  const million = sizes[2]
  report('merkle', {
    nativeSha256Microseconds: nativeHash(),
    ...Object.fromEntries(sizes.map(({ leaves, ...figures }) => [`${leaves} leaves`, figures])),
    limits: {
      batchMs: `${million?.batchMs.toFixed(1)} of 150`,
      residentBytesPerLeaf: `${million?.residentBytesPerLeaf.toFixed(1)} of 150`,
      isMet: (million?.batchMs ?? 999) < 150 && (million?.residentBytesPerLeaf ?? 999) < 150,
    },
  })
}
