import assert from 'node:assert/strict'
import {
  type Amount,
  type AssetTerms,
  amount,
  type BlockHeader,
  type Channel,
  type ChannelTerms,
  chainIdOf,
  encode,
  type Genesis,
  isRejection,
  keyLock,
  type Lock,
  type LockRoot,
  type LockWitness,
  lockRoot,
  lockWitness,
  type Operation,
  type Outpoint,
  type Output,
  PROTOCOL_VERSION,
  type PublicKey,
  type Rejection,
  type Reveal,
  type Role,
  type Signer,
  signerFromSeed,
  signTransaction,
  TIMESTAMP_MAX,
  type Timestamp,
  type Transaction,
  type TxId,
  timestamp,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import {
  type AppliedTransaction,
  type ApplyContext,
  applyContext,
  applyTransaction,
  genesisHeader,
  genesisWrites,
  StateOverlay,
  valueIsConserved,
} from '@tallystick/settlement'
import { advanceTree, EMPTY_TREE, type SparseTree, treeRoot } from './reference-tree.js'

/** Ledger time at the genesis of every test ledger. */
export const START = timestamp(1_700_000_000)

/** The signer of a seed that is one byte, repeated. */
export function testSigner(byte: number): Signer {
  return signerFromSeed(new Uint8Array(32).fill(byte))
}

export const VALIDATOR = testSigner(200)
export const ALICE = testSigner(1)
export const BOB = testSigner(2)
export const CAROL = testSigner(3)
export const HUB = testSigner(9)

/** Asset 0 takes fees, one base unit per 1,000 of cost; asset 1 takes none; asset 2 takes more. */
const ASSETS: readonly AssetTerms[] = [
  { code: 'GBP', decimals: 2, issuer: undefined },
  { code: 'TOY', decimals: 0, issuer: testSigner(50).publicKey },
  { code: 'USD', decimals: 2, issuer: undefined },
]

export function keyLockOf(key: PublicKey): LockRoot {
  return lockRoot(keyLock(key))
}

/** Twenty coins of 10,000 of asset 0 and one of each other asset for everybody. */
export function testGenesis(): Genesis {
  const owners = [ALICE, BOB, CAROL, HUB]
  const coin = (asset: number, value: bigint, { publicKey }: Signer): Output => {
    return { asset, amount: amount(value), lock: keyLockOf(publicKey) }
  }
  return {
    network: 'test',
    time: START,
    parameters: {
      protocolVersion: PROTOCOL_VERSION,
      revision: 0,
      validators: [VALIDATOR.publicKey],
      quorum: 1,
      timeStepSecondsMax: 10,
      disputeWindowSecondsMin: 100,
      disputeWindowSecondsMax: 1_000,
      feeRates: [
        { asset: 0, feePerKiloCost: 1 },
        { asset: 2, feePerKiloCost: 1_000 },
      ],
    },
    assets: ASSETS,
    allocations: owners.flatMap((owner) => [
      ...Array.from({ length: 20 }, () => coin(0, 10_000n, owner)),
      coin(1, 10_000n, owner),
      coin(2, 1_000_000n, owner),
    ]),
  }
}

/** Outpoint number `index` of the genesis: Alice's coins are 0..21, Bob's 22..43 and so on. */
export function genesisCoin(genesis: Genesis, owner: Signer, index: number): Outpoint {
  const position = [ALICE, BOB, CAROL, HUB].indexOf(owner)
  return { txId: chainIdOf(genesis) as string as TxId, index: 22 * position + index }
}

/** One coin to spend: by the key of `signer`, or by an alternative of a lock. */
export type Spend = {
  readonly outpoint: Outpoint
  readonly lock: Lock
  readonly alternative?: number
}

/** A transaction in the making; what is left out is empty. */
export type Draft = {
  readonly spends?: readonly Spend[]
  readonly operations?: readonly Operation[]
  readonly outputs?: readonly Output[]
  readonly reveals?: readonly Reveal[]
  readonly signers?: readonly Signer[]
  readonly validFrom?: number
  readonly validUntil?: number
  readonly memo?: Uint8Array
}

/** A ledger of the pure core alone: applies transactions one by one, at a time of its own. */
export class TestLedger {
  readonly genesis: Genesis
  readonly chainId: ReturnType<typeof chainIdOf>
  readonly state: StateOverlay
  tree: SparseTree
  time: Timestamp = START
  /** Of the block that transactions are applied in. */
  height = 1
  #coinsTaken = new Map<Signer, number>()

  constructor(genesis: Genesis = testGenesis()) {
    this.genesis = genesis
    this.chainId = chainIdOf(genesis)
    this.state = new StateOverlay({ read: () => undefined })
    const writes = genesisWrites(genesis)
    this.state.absorb(writes)
    this.tree = advanceTree(EMPTY_TREE, writes)
  }

  get header(): BlockHeader {
    return genesisHeader(this.genesis, treeRoot(this.tree))
  }

  /** The next coin of 10,000 of asset 0 that was not handed out yet. */
  coin(owner: Signer): Spend {
    const index = this.#coinsTaken.get(owner) ?? 0
    assert.ok(index < 20, 'a test has twenty coins for everybody')
    this.#coinsTaken.set(owner, index + 1)
    return { outpoint: genesisCoin(this.genesis, owner, index), lock: keyLock(owner.publicKey) }
  }

  sign(draft: Draft): Transaction {
    const { spends = [], operations = [], outputs = [], reveals = [], signers = [] } = draft
    const { validFrom = 0, validUntil = TIMESTAMP_MAX, memo = new Uint8Array() } = draft
    const witnesses: LockWitness[] = spends.map(({ lock, alternative = 0 }) =>
      lockWitness(lock, alternative),
    )
    const body = {
      validFrom: timestamp(validFrom),
      validUntil: timestamp(validUntil),
      inputs: spends.map(({ outpoint }) => outpoint),
      ...{ operations, outputs, reveals, memo },
    }
    return signTransaction(this.chainId, body, witnesses, signers)
  }

  get context(): ApplyContext {
    const { chainId, time, height } = this
    return applyContext(this.state, { chainId, time, height })
  }

  /** What the ledger says to a transaction; nothing changes. */
  judge(transaction: Transaction, bytes = encode(transactionCodec, transaction).length) {
    return applyTransaction(this.state, transaction, bytes, this.context)
  }

  /** Applies a transaction that must be good, and checks conservation and the tree. */
  apply(transaction: Transaction): AppliedTransaction {
    const applied = this.judge(transaction)
    if (isRejection(applied)) assert.fail(`${applied.code}: ${applied.detail}`)
    valueIsConserved(applied.writes, (position) => {
      const write = applied.writes[position]
      return write && this.state.read(write.kind, write.key)
    })
    this.state.absorb(applied.writes)
    this.tree = advanceTree(this.tree, applied.writes)
    return applied
  }

  do(draft: Draft): AppliedTransaction {
    return this.apply(this.sign(draft))
  }

  /** The code that a draft is refused with; INV-37: nothing is to change by it. */
  refusal(draft: Draft): string {
    return this.refusalOf(this.sign(draft))
  }

  refusalOf(transaction: Transaction): string {
    const before = treeRoot(advanceTree(EMPTY_TREE, this.state.writes()))
    const judged: AppliedTransaction | Rejection = this.judge(transaction)
    assert.ok(isRejection(judged), 'the transaction is refused')
    assert.deepEqual(treeRoot(advanceTree(EMPTY_TREE, this.state.writes())), before, 'INV-37')
    return judged.code
  }

  idOf(draft: Draft): TxId {
    return transactionId(this.chainId, this.sign(draft).body)
  }

  channel(number: number): Channel {
    const channel = this.state.read('channel', { channel: number })
    assert.ok(channel !== undefined, `there is a channel ${number}`)
    return channel
  }

  coinAmount(outpoint: Outpoint): Amount | undefined {
    return this.state.read('coin', outpoint)?.amount
  }

  burnt(asset: number): bigint | undefined {
    return this.state.read('asset', { asset })?.burnt
  }
}

/** Terms that every rule of the test ledger allows. */
export const TERMS: ChannelTerms = {
  disputeWindowSeconds: 100,
  unsureWindowSeconds: 300,
  clientPenaltyPpm: 100_000,
  hubPenaltyPpm: 1_000_000,
  itemsMax: 8,
  expirySecondsMax: 1_000,
  itemAmountMin: amount(1n),
  exitReserve: amount(50n),
}

/** The operation that opens a channel between Alice and the hub. */
export function openOperation(
  deposits: { readonly client: bigint; readonly hub: bigint },
  terms: Partial<ChannelTerms> = {},
  keys: Readonly<Record<Role, Signer>> = { client: ALICE, hub: HUB },
): Extract<Operation, { kind: 'open' }> {
  const side = (role: Role) => ({
    key: keys[role].publicKey,
    deposit: amount(deposits[role]),
    payoutLock: keyLockOf(keys[role].publicKey),
  })
  return {
    ...{ kind: 'open', asset: 0 },
    client: side('client'),
    hub: side('hub'),
    terms: { ...TERMS, ...terms },
  }
}
