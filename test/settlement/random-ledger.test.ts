import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  channelTotal,
  isClosing,
  isRejection,
  keyLock,
  type Operation,
  type Outpoint,
  type Output,
  otherRole,
  type Role,
  type Signer,
  signAppointment,
  TIMESTAMP_MAX,
  timestamp,
  withdrawalDigest,
} from '@tallystick/protocol'
import { TransactionChecks } from '@tallystick/settlement'
import fc from 'fast-check'
import { checkAsyncProperty, checkProperty } from './check-property.js'
import { MempoolScene } from './mempool-scene.js'
import { advanceTree, EMPTY_TREE, treeRoot } from './reference-tree.js'
import { closeOperation, lane, lastLink, openChannel, signedLane } from './test-channel.js'
import {
  ALICE,
  BOB,
  CAROL,
  type Draft,
  genesisCoin,
  HUB,
  keyLockOf,
  openOperation,
  type Spend,
  TestLedger,
  testSigner,
} from './test-ledger.js'

const OWNERS: readonly Signer[] = [ALICE, BOB, CAROL, HUB]
/** May issue more of asset 1 of the test ledger. */
const TOY_ISSUER = testSigner(50)
const KINDS = [
  ...['pay', 'issue', 'reissue', 'open', 'deposit', 'withdraw', 'close', 'forceClose'],
  ...['challenge', 'finalize', 'payFee', 'reveal', 'replay', 'wait'],
  // What needs a closing channel comes up less often than it is tried.
  ...['forceClose', 'challenge', 'challenge', 'finalize', 'finalize', 'finalize', 'payFee'],
] as const
type Kind = (typeof KINDS)[number]

/** One thing that somebody tries; numbers are taken modulo what there is, so nothing is out of reach. */
type Step = {
  readonly kind: Kind
  readonly coins: readonly number[]
  readonly channel: number
  readonly role: Role
  readonly value: bigint
  readonly version: number
  /** Base units too many that the outputs ask for; mostly none. */
  readonly greed: bigint
}
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  coins: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
  channel: fc.nat(2),
  role: fc.constantFrom('client', 'hub'),
  value: fc.oneof(fc.bigInt(0n, 600n), fc.constantFrom(1n, 50n, 10_000n, 2n ** 63n - 1n)),
  version: fc.nat(3),
  greed: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.bigInt(1n, 3n) },
  ),
})

type OwnedCoin = { readonly spend: Spend; readonly owner: Signer; readonly asset: number }

/** A ledger, all coins that were ever seen on it, and the signed transactions that it took. */
class RandomLedger {
  readonly ledger = new TestLedger()
  readonly coins: OwnedCoin[] = []
  readonly taken: Draft[] = []
  readonly spent = new Set<string>()

  constructor() {
    openChannel(this.ledger, { client: 1_000n, hub: 500n })
    openChannel(this.ledger, { client: 2_000n, hub: 0n }, { disputeWindowSeconds: 200 })
    for (const owner of OWNERS) {
      for (const index of [16, 17, 18, 19, 20, 21]) {
        const outpoint = genesisCoin(this.ledger.genesis, owner, index)
        const spend = { outpoint, lock: keyLock(owner.publicKey) }
        this.coins.push({ spend, owner, asset: Math.max(0, index - 19) })
      }
    }
  }

  /** Tries a step: whether the ledger took it. */
  try(step: Step): boolean {
    const { ledger } = this
    if (step.kind === 'wait') {
      ledger.time = timestamp(ledger.time + 150)
      return true
    }
    const draft = this.draftOf(step)
    if (draft === undefined) return false
    const transaction = ledger.sign(draft)
    const judged = ledger.judge(transaction)
    if (isRejection(judged)) return false
    ledger.apply(transaction)
    this.taken.push(draft)
    for (const { txId, index } of transaction.body.inputs) {
      assert.ok(!this.spent.has(`${txId}:${index}`), 'INV-35 a coin is spent once')
      this.spent.add(`${txId}:${index}`)
    }
    this.learnCoins(judged.writes)
    return true
  }

  /** Everything the ledger holds of an asset, counted from its bare entries. */
  held(asset: number): { readonly coins: bigint; readonly channels: bigint } {
    let [coins, channels] = [0n, 0n]
    for (const { kind, value } of this.ledger.state.writes()) {
      if (value === undefined) continue
      if (kind === 'coin' && value.asset === asset) coins += value.amount
      if (kind !== 'channel' || value.asset !== asset) continue
      const paid = isClosing(value) ? value.status.paidClient + value.status.paidHub : 0n
      channels += channelTotal(value) - paid
    }
    return { coins, channels }
  }

  private learnCoins(writes: ReturnType<TestLedger['apply']>['writes']): void {
    for (const { kind, key, value } of writes) {
      if (kind !== 'coin' || value === undefined) continue
      const owner = OWNERS.find(({ publicKey }) => keyLockOf(publicKey) === value.lock)
      if (owner === undefined) continue
      const spend = { outpoint: key as Outpoint, lock: keyLock(owner.publicKey) }
      this.coins.push({ spend, owner, asset: value.asset })
    }
  }

  private draftOf(step: Step): Draft | undefined {
    if (step.kind === 'replay') return this.taken[step.channel % (this.taken.length || 1)]
    const operation = this.operationOf(step)
    if (operation === 'none') return undefined
    const operations = operation === undefined ? [] : [operation]
    // The greedy also try what is spent.
    const choice = step.greed > 0n ? this.coins : this.coins.filter((coin) => this.isUnspent(coin))
    const coins = [...new Set(step.coins.map((pick) => choice[pick % choice.length]))]
    const owned = coins.flatMap((coin) => coin ?? [])
    const signers = new Set([...owned.map(({ owner }) => owner), ...this.actors(step)])
    return {
      spends: owned.map(({ spend }) => spend),
      ...{ operations, signers: [...signers], memo: Uint8Array.of(this.taken.length) },
      outputs: this.outputsOf(step, owned, operation),
      reveals: step.kind === 'reveal' ? [{ index: 1, link: lastLink(step.version) }] : [],
    }
  }

  private isUnspent({ spend: { outpoint } }: OwnedCoin): boolean {
    return this.ledger.coinAmount(outpoint) !== undefined
  }

  private actors({ kind, role }: Step): readonly Signer[] {
    switch (kind) {
      case 'close':
      case 'withdraw':
        return [HUB]
      case 'forceClose':
      case 'payFee':
        return [role === 'client' ? ALICE : HUB]
      case 'reissue':
        return [TOY_ISSUER]
      case 'pay':
      case 'issue':
      case 'open':
      case 'deposit':
      case 'challenge':
      case 'finalize':
      case 'reveal':
      case 'replay':
      case 'wait':
        return []
    }
  }

  /** What is left per asset after the operation and a fee, in two outputs each. */
  private outputsOf(
    step: Step,
    coins: readonly OwnedCoin[],
    operation: Operation | undefined,
  ): readonly Output[] {
    const left = new Map<number, bigint>([[0, -30n]])
    const add = (asset: number, value: bigint) => left.set(asset, (left.get(asset) ?? 0n) + value)
    for (const { spend, asset } of coins) add(asset, this.ledger.coinAmount(spend.outpoint) ?? 0n)
    if (operation?.kind === 'open') {
      add(operation.asset, -operation.client.deposit - operation.hub.deposit)
    }
    if (operation?.kind === 'deposit') add(0, -operation.amount)
    if (operation?.kind === 'issue') add(operation.asset, operation.supply)
    if (operation?.kind === 'reissue') add(operation.asset, operation.amount)
    if (operation?.kind === 'close') {
      for (const { channel, clientPayout } of operation.closes) {
        add(0, channelTotal(this.ledger.channel(channel)) - clientPayout)
      }
    }
    return [...left].flatMap(([asset, whole]) => {
      const value = whole + step.greed
      const halves = [value / 2n, value - value / 2n]
      const owners = [OWNERS[step.channel % 4], OWNERS[step.version % 4]]
      return halves.flatMap((half, i) => {
        const owner = owners[i]
        if (half <= 0n || half >= 2n ** 63n || owner === undefined) return []
        return [{ asset, amount: amount(half), lock: keyLockOf(owner.publicKey) }]
      })
    })
  }

  private operationOf(step: Step): Operation | undefined | 'none' {
    const { ledger } = this
    const { kind, channel, role, version } = step
    const count = ledger.state.read('channelCount', {})?.count ?? 0
    const number = count === 0 ? 0 : channel % count
    const found = ledger.state.read('channel', { channel: number })
    const value = amount(step.value)
    switch (kind) {
      case 'pay':
      case 'reveal':
      case 'replay':
      case 'wait':
        return undefined
      case 'issue': {
        const asset = ledger.state.read('assetCount', {})?.count ?? 3
        const terms = { code: 'NEW', decimals: 0, issuer: undefined }
        return { kind: 'issue', asset, terms, supply: value }
      }
      case 'reissue':
        return { kind: 'reissue', asset: 1, amount: value }
      case 'open':
        return openOperation({ client: step.value % 5_000n, hub: 300n })
      case 'deposit':
        return { kind: 'deposit', channel: number, role, amount: value }
      case 'close':
        if (found === undefined) return 'none'
        return closeOperation(ledger, number, { clientPayout: step.value % 1_000n })
      case 'withdraw': {
        if (found === undefined) return 'none'
        const validUntil = TIMESTAMP_MAX
        const agreed = { channel: found.id, role, withdrawn: value, validUntil }
        const signature = ALICE.sign(withdrawalDigest(ledger.chainId, agreed))
        const withdrawals = [{ channel: number, role, withdrawn: value, signature }]
        return { kind, validUntil, withdrawals }
      }
      case 'forceClose': {
        if (found === undefined) return 'none'
        const own = lane(version, version === 0 ? 0n : step.value % 1_000n)
        const other = role === 'client' ? 'hub' : 'client'
        const peer = version > 1 ? signedLane(ledger, number, other, lane(1, 5n)) : undefined
        return { kind, channel: number, by: role, own, unsure: false, resume: undefined, peer }
      }
      case 'challenge': {
        if (found === undefined || !isClosing(found)) return 'none'
        const state = lane(version + 1, step.value % 300n)
        const proof = signedLane(ledger, number, found.status.by, state)
        const owner = otherRole(found.status.by)
        const terms = {
          guardKey: CAROL.publicKey,
          bounty: { ppm: Number(step.value % 1_000_000n), payoutLock: keyLockOf(BOB.publicKey) },
          validUntil: TIMESTAMP_MAX,
        }
        const signer = owner === 'client' ? ALICE : HUB
        const appointment = signAppointment(ledger.chainId, found, owner, terms, signer)
        const guard = step.version % 2 === 1 ? { appointment, ownEvidence: undefined } : undefined
        return { kind, channel: number, proof, own: undefined, resume: undefined, guard }
      }
      case 'finalize':
        if (found === undefined || !isClosing(found)) return 'none'
        return { kind, channel: number, part: found.status.finalizes + (step.greed > 0n ? 1 : 0) }
      case 'payFee':
        return { kind, channel: number, role, amount: value }
    }
  }
}

describe('random transactions of every kind, good and bad:', () => {
  test('INV-1 each asset is conserved, INV-35 nothing is spent twice, INV-37 a refusal changes nothing', (context) => {
    const taken = new Map<Kind, number>()
    const property = fc.property(
      fc.array(stepArbitrary, { minLength: 15, maxLength: 50 }),
      (steps) => {
        const random = new RandomLedger()
        for (const step of steps) {
          if (!random.try(step)) continue
          taken.set(step.kind, (taken.get(step.kind) ?? 0) + 1)
          const assets = random.ledger.state.read('assetCount', {})?.count ?? 0
          for (let asset = 0; asset < assets; asset++) {
            const books = random.ledger.state.read('asset', { asset })
            assert.ok(books !== undefined)
            const { coins, channels } = random.held(asset)
            assert.equal(coins + channels + books.burnt, books.issued, `asset ${asset}`)
          }
        }
        const { state, tree } = random.ledger
        assert.deepEqual(treeRoot(advanceTree(EMPTY_TREE, state.writes())), treeRoot(tree))
      },
    )
    checkProperty(context, property, 120)
    context.diagnostic(JSON.stringify(Object.fromEntries(taken)))
    for (const kind of KINDS.filter((kind) => kind !== 'replay')) {
      assert.ok((taken.get(kind) ?? 0) > 0, `no ${kind} was good: the property tries nothing of it`)
    }
    assert.equal(taken.get('replay'), undefined, 'nothing happens twice')
  })
})

test('INV-34 MEM-6 the same transactions in any order of arrival lead to the same state', async (context) => {
  const payments = fc.array(
    fc.record({ coin: fc.nat(11), on: fc.option(fc.nat(20)), fee: fc.bigInt(20n, 60n) }),
    { minLength: 1, maxLength: 12 },
  )
  const property = fc.asyncProperty(
    fc.tuple(payments, fc.array(fc.nat(), { minLength: 12, maxLength: 12 })),
    async ([wishes, ranks]) => {
      const ledger = new TestLedger()
      const made: { spend: Spend; value: bigint }[] = []
      const used = new Set<string>()
      const transactions = wishes.flatMap(({ coin, on, fee }, memo) => {
        const parent = on === null ? undefined : made[on]
        const outpoint = genesisCoin(ledger.genesis, ALICE, coin)
        const spend = parent?.spend ?? { outpoint, lock: keyLock(ALICE.publicKey) }
        const value = (parent?.value ?? 10_000n) - fee
        const name = `${spend.outpoint.txId}:${spend.outpoint.index}`
        if (used.has(name)) return []
        used.add(name)
        const signed = ledger.sign({
          ...{ spends: [spend], signers: [parent === undefined ? ALICE : BOB] },
          outputs: [{ asset: 0, amount: amount(value), lock: keyLockOf(BOB.publicKey) }],
          memo: Uint8Array.of(memo),
        })
        const { id } = new TransactionChecks(ledger.chainId, signed)
        made.push({
          spend: { outpoint: { txId: id, index: 0 }, lock: keyLock(BOB.publicKey) },
          value,
        })
        return [signed]
      })
      const ranked = transactions.map((transaction, i) => ({ transaction, rank: ranks[i] ?? 0 }))
      const shuffled = ranked.sort((a, b) => a.rank - b.rank).map(({ transaction }) => transaction)
      const outcomes = []
      for (const order of [transactions, transactions.toReversed(), shuffled]) {
        const scene = new MempoolScene()
        // A child that comes before its parent is sent again, as its owner would.
        const left = [...order]
        for (let rounds = 0; left.length > 0 && rounds < 13; rounds++) {
          for (const transaction of left.splice(0)) {
            const said = scene.admit(scene.candidate(transaction))
            if (said !== 'admitted') left.push(transaction)
          }
          await scene.sync()
        }
        assert.deepEqual(left, [])
        const { included } = scene.block()
        const root = treeRoot(advanceTree(EMPTY_TREE, scene.ledger.state.writes()))
        outcomes.push({ included: new Set(included), root })
      }
      assert.deepEqual(outcomes[1], outcomes[0])
      assert.deepEqual(outcomes[2], outcomes[0])
      assert.equal(outcomes[0]?.included.size, transactions.length)
    },
  )
  await checkAsyncProperty(context, property, 60)
})
