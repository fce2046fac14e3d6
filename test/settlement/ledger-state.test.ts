import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@tallystick/protocol'
import { genesisWrites, LedgerState, type StateWrite } from '@tallystick/settlement'
import { advanceTree, EMPTY_TREE, treeRoot } from './reference-tree.js'
import { ALICE, BOB, genesisCoin, testGenesis } from './test-ledger.js'

const GENESIS = testGenesis()

function genesisState(): LedgerState {
  const state = new LedgerState()
  state.stage(genesisWrites(GENESIS)).commit()
  return state
}

test('STATE-3 one object that names entries of two kinds stands for both', () => {
  const state = genesisState()
  const key = {}
  const before = state.read('parameters', key)
  assert.deepEqual(state.read('channelCount', key), { count: 0 })
  const write: StateWrite = { kind: 'channelCount', key, value: { count: 7 } }
  const staged = state.stage([write])
  const due = advanceTree(advanceTree(EMPTY_TREE, genesisWrites(GENESIS)), [write])
  assert.equal(toHex(staged.root), toHex(treeRoot(due)))
  staged.commit()
  assert.deepEqual(state.read('channelCount', key), { count: 7 })
  assert.deepEqual(state.read('parameters', key), before)
})

test('coins that were expected read as those that were not, missing and repeated ones too', () => {
  const [expecting, state] = [genesisState(), genesisState()]
  const present = genesisCoin(GENESIS, ALICE, 3)
  const missing = { ...genesisCoin(GENESIS, BOB, 0), index: 9_999 }
  expecting.expectCoins([present, missing, present, { ...present }])
  for (const outpoint of [present, missing, { ...present }, { ...missing }]) {
    assert.deepEqual(expecting.read('coin', outpoint), state.read('coin', outpoint))
  }
  assert.equal(toHex(expecting.root), toHex(state.root))
  assert.ok(state.read('coin', present) !== undefined)
  new LedgerState().expectCoins([present])
})
