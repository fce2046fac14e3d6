import assert from 'node:assert/strict'
import {
  type AssetId,
  amount,
  type Block,
  type BlockHeader,
  blockDigest,
  blockId,
  type Channel,
  chainIdOf,
  encode,
  type Genesis,
  isRejection,
  keyLock,
  lockRoot,
  PROTOCOL_VERSION,
  type PublicKey,
  type RevealLookup,
  type Signer,
  signerFromSeed,
  type Timestamp,
  type Transaction,
  timestamp,
  transactionCodec,
  transactionRoot,
} from '@tallystick/protocol'
import {
  type ApplyContext,
  activationWrites,
  applyContext,
  applyTransaction,
  genesisHeader,
  genesisWrites,
  revealLookup,
  StateOverlay,
  valueIsConserved,
} from '@tallystick/settlement'
import { handoverAfter } from '#settlement/node/handover-after.js'
import type { StoredHandover } from '#settlement/store/ledger-store.js'
import {
  advanceTree,
  EMPTY_TREE,
  provingState,
  type SparseTree,
  treeRoot,
} from '../settlement/reference-tree.js'

export const START = timestamp(1_700_000_000)

/** The signer of a seed that is one byte, repeated. */
export function testSigner(byte: number): Signer {
  return signerFromSeed(new Uint8Array(32).fill(byte))
}

export const VALIDATOR = testSigner(200)

/** A genesis that gives `amounts` of each asset to `owner`, asset i paying `feeRates[i]`. */
export function testGenesis(
  owner: Signer,
  feeRates: readonly number[],
  amounts: readonly (readonly bigint[])[],
): Genesis {
  return {
    network: 'test',
    time: START,
    parameters: {
      protocolVersion: PROTOCOL_VERSION,
      revision: 0,
      validators: [VALIDATOR.publicKey],
      quorum: 1,
      timeStepSecondsMax: 3_600,
      disputeWindowSecondsMin: 10,
      disputeWindowSecondsMax: 100_000,
      feeRates: feeRates.flatMap((feePerKiloCost, asset) =>
        feePerKiloCost > 0 ? [{ asset, feePerKiloCost }] : [],
      ),
    },
    assets: feeRates.map((_, i) => ({ code: `A${i}`, decimals: 2, issuer: undefined })),
    allocations: amounts.flatMap((ofAsset, asset) =>
      ofAsset.map((value) => ({
        asset,
        amount: amount(value),
        lock: lockRoot(keyLock(owner.publicKey)),
      })),
    ),
  }
}

/** The ledger's own core over a state in memory, one block per call, and every block it made. */
export class LedgerWorld {
  readonly genesis: Genesis
  readonly state = new StateOverlay({ read: () => undefined })
  readonly blocks: Block[] = []
  readonly handovers: StoredHandover[] = []
  /** Those that sign blocks while the parameters make them validators. */
  readonly signers: Signer[] = [VALIDATOR]
  tree: SparseTree
  header: BlockHeader

  constructor(genesis: Genesis) {
    this.genesis = genesis
    const writes = genesisWrites(genesis)
    this.state.absorb(writes)
    this.tree = advanceTree(EMPTY_TREE, writes)
    this.header = genesisHeader(genesis, treeRoot(this.tree))
  }

  get chainId() {
    return chainIdOf(this.genesis)
  }

  /** What the ledger says to a transaction at `time`, without making a block. */
  judge(transaction: Transaction, time: Timestamp) {
    const bytes = encode(transactionCodec, transaction).length
    return applyTransaction(this.state, transaction, bytes, this.#contextAt(time))
  }

  /** Makes the next block. Fails the test when a transaction is refused. */
  produce(time: Timestamp, ...transactions: readonly Transaction[]): Block {
    const before = new StateOverlay(this.state)
    const after = new StateOverlay(this.state)
    const context = this.#contextAt(time)
    const { height, parameters } = context
    after.absorb(activationWrites(before, height))
    for (const transaction of transactions) {
      const bytes = encode(transactionCodec, transaction).length
      const applied = applyTransaction(after, transaction, bytes, context)
      if (isRejection(applied)) assert.fail(`${applied.code}: ${applied.detail}`)
      after.absorb(applied.writes)
    }
    const writes = after.writes()
    valueIsConserved(writes, (position) => {
      const write = writes[position]
      return write && before.read(write.kind, write.key)
    })
    this.tree = advanceTree(this.tree, writes)
    this.state.absorb(writes)
    const encoded = transactions.map((transaction) => encode(transactionCodec, transaction))
    this.header = {
      version: parameters.protocolVersion,
      revision: parameters.revision,
      chainId: this.chainId,
      height,
      time,
      parent: blockId(this.header),
      transactionRoot: transactionRoot(encoded),
      stateRoot: treeRoot(this.tree),
    }
    const certificate = certifyBy(this.header, parameters.validators, this.signers)
    const block = { header: this.header, certificate, transactions: encoded }
    const handover = handoverAfter(before, { writes, staged: provingState(this.tree) }, block)
    if (handover !== undefined) this.handovers.push(handover)
    this.blocks.push(block)
    return block
  }

  #contextAt(time: Timestamp): ApplyContext {
    const { chainId, header } = this
    return applyContext(this.state, { chainId, time, height: header.height + 1 })
  }

  burnt(asset: AssetId): bigint {
    return this.state.read('asset', { asset })?.burnt ?? 0n
  }

  channel(number: number): Channel {
    const channel = this.state.read('channel', { channel: number })
    assert.ok(channel !== undefined, `channel ${number} exists`)
    return channel
  }

  get revealedBy(): RevealLookup {
    return revealLookup(this.state)
  }
}

/** A certificate of all of `signers` that are validators. */
export function certifyBy(
  header: BlockHeader,
  validators: readonly PublicKey[],
  signers: readonly Signer[],
) {
  return validators.flatMap((key, validator) => {
    const signer = signers.find(({ publicKey }) => publicKey === key)
    return signer === undefined ? [] : [{ validator, signature: signer.sign(blockDigest(header)) }]
  })
}

/** A certificate of the one validator. */
export function certify(header: BlockHeader) {
  return [{ validator: 0, signature: VALIDATOR.sign(blockDigest(header)) }]
}
