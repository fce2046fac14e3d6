import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { listRoot, rootFromListPath } from '#protocol/merkle/list-tree.js'
import {
  type SparseProof,
  type SparseTerminal,
  verifyAbsence,
  verifyInclusion,
} from '#protocol/merkle/sparse-proof.js'
import { fromHex, toHex } from '#protocol/primitives/bytes.js'
import { buildTree, treeRoot } from '../settlement/reference-tree.js'

type HexEntry = { readonly key: string; readonly valueHash: string }
type HexTerminal =
  | { readonly kind: 'present' }
  | { readonly kind: 'empty' }
  | ({ readonly kind: 'other' } & HexEntry)
type HexProof = { readonly siblings: readonly string[]; readonly terminal: HexTerminal }

type Case<Input, Expected> = {
  readonly id: string
  readonly spec: string
  readonly input: Input
  readonly expected: Expected
}

/** Bytes are hex; `null` stands where a path leads to no root. */
type Vector =
  | ({ readonly operation: 'listRoot' } & Case<{ readonly leaves: readonly string[] }, string>)
  | ({ readonly operation: 'rootFromListPath' } & Case<
      {
        readonly leaf: string
        readonly index: number
        readonly count: number
        readonly path: readonly string[]
      },
      string | null
    >)
  | ({ readonly operation: 'sparseRoot' } & Case<{ readonly entries: readonly HexEntry[] }, string>)
  | ({ readonly operation: 'verifyInclusion' } & Case<
      HexEntry & { readonly root: string; readonly proof: HexProof },
      boolean
    >)
  | ({ readonly operation: 'verifyAbsence' } & Case<
      { readonly root: string; readonly key: string; readonly proof: HexProof },
      boolean
    >)

// Frozen. A change of any of them is a change of the protocol.
const vectorFile = new URL('../../../protocol/vectors/merkle.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(vectorFile, 'utf8'))

function outcomeOf(vector: Vector): string | boolean | null {
  switch (vector.operation) {
    case 'listRoot':
      return toHex(listRoot(vector.input.leaves.map(fromHex)))
    case 'rootFromListPath': {
      const { leaf, index, count, path } = vector.input
      const position = { leaf: fromHex(leaf), index, count, path: path.map(fromHex) }
      const root = rootFromListPath(position)
      return root === undefined ? null : toHex(root)
    }
    case 'sparseRoot':
      return toHex(treeRoot(buildTree(vector.input.entries.map(entryFrom))))
    case 'verifyInclusion': {
      const { root, proof } = vector.input
      const { key, valueHash } = entryFrom(vector.input)
      return verifyInclusion(fromHex(root), key, valueHash, proofFrom(proof))
    }
    case 'verifyAbsence': {
      const { root, key, proof } = vector.input
      return verifyAbsence(fromHex(root), fromHex(key), proofFrom(proof))
    }
  }
}

function entryFrom({ key, valueHash }: HexEntry) {
  return { key: fromHex(key), valueHash: fromHex(valueHash) }
}

function terminalFrom(terminal: HexTerminal): SparseTerminal {
  return terminal.kind === 'other' ? { kind: 'other', ...entryFrom(terminal) } : terminal
}

function proofFrom({ siblings, terminal }: HexProof): SparseProof {
  return { siblings: siblings.map(fromHex), terminal: terminalFrom(terminal) }
}

describe('merkle vectors', () => {
  for (const vector of vectors) {
    test(`${vector.spec} ${vector.id}`, () => assert.equal(outcomeOf(vector), vector.expected))
  }
})
