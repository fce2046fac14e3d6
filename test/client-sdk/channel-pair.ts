import assert from 'node:assert/strict'
import {
  amount,
  anchorOf,
  type Change,
  type ChannelParty,
  type ChannelTerms,
  confirmStored,
  draftChange,
  draftDigest,
  type ItemId,
  isRejection,
  keyLock,
  lockRoot,
  newParty,
  type Operation,
  type Reveal,
  type Role,
  receiveUpdate,
  type Signer,
  seal,
  seeLedger,
  signEvidence,
  TIMESTAMP_MAX,
  type Timestamp,
  type TxId,
  timestamp,
} from '@tallystick/protocol'
import { channelFeeTransaction } from '#client-sdk/ledger/channel-fee-transaction.js'
import { buildTransaction } from '#client-sdk/ledger/transaction-builder.js'
import { LedgerWorld, START, testGenesis, testSigner } from './ledger-world.js'

export const FEE_PER_KILO_COST = 100
export const WINDOW_SECONDS = 1_000
/** Far enough from the reserve of 2,000 that no fee is refused. */
export const DEPOSIT = 100_000n

const TERMS: ChannelTerms = {
  disputeWindowSeconds: WINDOW_SECONDS,
  unsureWindowSeconds: 3 * WINDOW_SECONDS,
  clientPenaltyPpm: 100_000,
  hubPenaltyPpm: 1_000_000,
  itemsMax: 8,
  expirySecondsMax: 100_000,
  itemAmountMin: amount(1n),
  exitReserve: amount(2_000n),
}

export type Pair = { readonly client: ChannelParty; readonly hub: ChannelParty }

/** The preimage that the tests know by `name`, and its item id. */
export function preimage(name: number): Uint8Array {
  return new Uint8Array(32).fill(name)
}
export function itemId(name: number): ItemId {
  return name.toString(16).padStart(32, '0') as ItemId
}
export const ANCHOR = (name: number) => anchorOf(preimage(name), 1)

/** A channel on a ledger of its own, as both sides keep it. */
export class ChannelPair {
  readonly world: LedgerWorld
  readonly signers: Readonly<Record<Role, Signer>> = { client: testSigner(11), hub: testSigner(12) }
  client: ChannelParty
  hub: ChannelParty

  /** `deposits` in base units. */
  constructor(deposits: Readonly<Record<Role, bigint>> = { client: DEPOSIT, hub: DEPOSIT }) {
    const funder = testSigner(13)
    this.world = new LedgerWorld(testGenesis(funder, [FEE_PER_KILO_COST], [[1_000_000n]]))
    const { chainId, state } = this.world
    const outpoint = { txId: chainId as string as TxId, index: 0 }
    const coin = state.read('coin', outpoint) ?? assert.fail('the funder has a coin')
    const lock = keyLock(funder.publicKey)
    const side = (role: Role) => ({
      key: this.signers[role].publicKey,
      deposit: amount(deposits[role]),
      payoutLock: lockRoot(keyLock(this.signers[role].publicKey)),
    })
    const built = buildTransaction({
      chainId,
      coins: [{ outpoint, coin, lock, alternative: 0, signers: [funder] }],
      outputs: [],
      operations: [
        { kind: 'open', asset: 0, client: side('client'), hub: side('hub'), terms: TERMS },
      ],
      channels: [],
      signers: [],
      fee: { asset: 0, feePerKiloCost: FEE_PER_KILO_COST },
      changeLock: lockRoot(lock),
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    })
    assert.ok(!isRejection(built))
    this.world.produce(START, built.transaction)
    const channel = this.world.channel(0)
    this.client = newParty('client', channel)
    this.hub = newParty('hub', channel)
  }

  /** `payer` signs a proof with `changes`; it arrives unless `lost`. */
  update(payer: Role, changes: readonly Change[], now: Timestamp, { lost = false } = {}): void {
    const { chainId } = this.world
    let party = this[payer]
    for (const change of changes) {
      const drafted = draftChange(party, change, now)
      if ('kind' in drafted) assert.fail(`${drafted.code}: ${drafted.detail}`)
      party = drafted
    }
    if (changes.length === 0) party = { ...party, ackDue: true }
    const [evidence] = signEvidence(chainId, this.signers[payer], [draftDigest(chainId, party)])
    assert.ok(evidence !== undefined)
    const sealed = seal(party, evidence)
    const payee = payer === 'client' ? 'hub' : 'client'
    this[payer] = confirmStored(sealed.party, sealed.party.own.version)
    if (lost) return
    const received = receiveUpdate(chainId, this[payee], sealed.update, now)
    if (received.kind !== 'received') assert.fail(JSON.stringify(received))
    this[payee] = received.party
  }

  /** One item of `value` units from `payer`, named by its preimage. */
  add(payer: Role, name: number, value: bigint, expiry: number, now = START): void {
    const [id, anchor] = [itemId(name), ANCHOR(name)]
    const item = { id, anchor, unit: amount(value), ticks: 1, expiry: timestamp(expiry) }
    this.update(payer, [{ kind: 'add', ...item, forward: undefined }], now)
  }

  /** One block at `time` in which `role` does `operations`, paid for by its share. */
  act(
    role: Role,
    operations: readonly Operation[],
    time: Timestamp,
    reveals: readonly Reveal[] = [],
  ) {
    const built = this.transaction(role, operations, reveals)
    this.world.produce(time, built.transaction)
    this.see(time)
    return built
  }

  transaction(role: Role, operations: readonly Operation[], reveals: readonly Reveal[] = []) {
    const built = channelFeeTransaction({
      chainId: this.world.chainId,
      channel: 0,
      role,
      signer: this.signers[role],
      operations,
      reveals,
      feePerKiloCost: FEE_PER_KILO_COST,
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    })
    assert.ok(!isRejection(built))
    return built
  }

  /** Both sides look at the ledger. */
  see(now: Timestamp): void {
    const channel = this.world.state.read('channel', { channel: 0 })
    this.client = seeLedger(this.client, channel, now)
    this.hub = seeLedger(this.hub, channel, now)
  }

  /** Base units in coins of a side's payout lock. */
  paidOut(role: Role): bigint {
    const lock = lockRoot(keyLock(this.signers[role].publicKey))
    return this.world.state.writes().reduce((sum, { kind, value }) => {
      return kind === 'coin' && value?.lock === lock ? sum + value.amount : sum
    }, 0n)
  }
}
