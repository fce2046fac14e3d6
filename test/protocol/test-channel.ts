import assert from 'node:assert/strict'
import {
  type Anchor,
  amount,
  anchorOf,
  type ChainId,
  type Change,
  type ChangeOf,
  type Channel,
  type ChannelId,
  type ChannelParty,
  type ChannelTerms,
  draftChange,
  draftDigest,
  type Evidence,
  type ItemId,
  isRejection,
  keyLock,
  type LaneUpdate,
  lockRoot,
  newParty,
  type Position,
  type Rejection,
  type Role,
  receiveUpdate,
  type Signer,
  seal,
  signEvidence,
  signerFromSeed,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'

/*
 * A channel as the ledger would prove it, and two parties on it, for tests that need no ledger.
 */

export const CHAIN = 'c4'.repeat(32) as ChainId
export const OTHER_CHAIN = 'c5'.repeat(32) as ChainId
export const NOW = timestamp(1_700_000_000)
export const at = (seconds: number): Timestamp => timestamp(NOW + seconds)
let ticks = 0
/** Ledger times before `NOW`, each later than the one before: losses and grants have an order (CH-18). */
export const tick = (): Timestamp => at(ticks++ - 1_000_000)

/** The signer of a seed that is one byte, repeated. */
export function testSigner(byte: number): Signer {
  return signerFromSeed(new Uint8Array(32).fill(byte))
}
export const SIGNERS: Readonly<Record<Role, Signer>> = {
  client: testSigner(1),
  hub: testSigner(2),
}

export const TERMS: ChannelTerms = {
  disputeWindowSeconds: 1_000,
  unsureWindowSeconds: 3_000,
  clientPenaltyPpm: 100_000,
  hubPenaltyPpm: 1_000_000,
  itemsMax: 4,
  expirySecondsMax: 1_000,
  itemAmountMin: amount(10n),
  exitReserve: amount(100n),
}

export type ChannelSetup = {
  readonly client?: bigint
  readonly hub?: bigint
  readonly number?: number
  readonly terms?: Partial<ChannelTerms>
  readonly keys?: Readonly<Record<Role, Signer>>
}

/** An open channel with these deposits, 10,000 base units each unless told otherwise. */
export function testChannel({
  client = 10_000n,
  hub = 10_000n,
  number = 7,
  terms = {},
  keys = SIGNERS,
}: ChannelSetup = {}): Channel {
  const side = (role: Role, deposited: bigint) => ({
    key: keys[role].publicKey,
    deposited: amount(deposited),
    withdrawn: amount(0n),
    feesPaid: amount(0n),
    payoutLock: lockRoot(keyLock(keys[role].publicKey)),
  })
  return {
    number,
    id: number.toString(16).padStart(64, '0') as ChannelId,
    asset: 0,
    client: side('client', client),
    hub: side('hub', hub),
    terms: { ...TERMS, ...terms },
    openedTime: NOW,
    status: { kind: 'open' },
  }
}

/** Preimage, anchor and item id that the tests know by a number from 1 to 255. */
export function preimage(name: number): Uint8Array {
  return new Uint8Array(32).fill(name)
}
export function anchorFor(name: number, ticks = 1): Anchor {
  return anchorOf(preimage(name), ticks)
}
export function itemId(name: number): ItemId {
  return name.toString(16).padStart(32, '0') as ItemId
}

/** The change that adds item `name`; 100 base units for 600 seconds unless told otherwise. */
export function addItem(
  name: number,
  { unit = 100n, ticks = 1, expiry = 600 }: { unit?: bigint; ticks?: number; expiry?: number } = {},
): ChangeOf<'add'> {
  return {
    kind: 'add',
    id: itemId(name),
    anchor: anchorFor(name, ticks),
    unit: unit as ChangeOf<'add'>['unit'],
    ticks,
    expiry: at(expiry),
    forward: undefined,
  }
}

/** The change that pays item `name` of one tick. */
export function redeemItem(name: number): ChangeOf<'redeem'> {
  return { kind: 'redeem', id: itemId(name), index: 1, link: preimage(name) }
}

/** The value, or the test fails with the rejection. */
export function accepted<T>(outcome: T): Exclude<T, { readonly kind: 'rejection' }> {
  if (isRejection(outcome)) assert.fail(`refused: ${codeOf(outcome)}`)
  return outcome as Exclude<T, { readonly kind: 'rejection' }>
}

/** The code of a rejection; `undefined` when it is none. */
export function codeOf(outcome: unknown): string | undefined {
  return isRejection<unknown>(outcome) ? (outcome as Rejection).code : undefined
}

export type Sealed = { readonly party: ChannelParty; readonly update: LaneUpdate }

/** `party` with `changes` signed. Without changes it signs an ack. */
export function signed(
  party: ChannelParty,
  changes: readonly Change[],
  { now = NOW, signer = SIGNERS[party.role] }: { now?: Timestamp; signer?: Signer } = {},
): Sealed {
  let next = changes.length === 0 ? { ...party, ackDue: true } : party
  for (const change of changes) next = accepted(draftChange(next, change, now)) as ChannelParty
  const [evidence] = signEvidence(CHAIN, signer, [draftDigest(CHAIN, next)])
  return seal(next, evidence ?? assert.fail('one digest has one evidence'))
}

/** What a side says of itself that has neither signed nor stored anything. */
export function startPosition(channel: ChannelId): Position {
  const nothing = { ownResume: undefined, heldResume: undefined, resuming: undefined }
  return { channel, own: 0, held: 0, confirmed: 0, ...nothing, lostAt: undefined, closing: false }
}

/** Two parties of one channel that exchange updates at once. */
export class TestPair {
  client: ChannelParty
  hub: ChannelParty

  constructor(setup: ChannelSetup = {}) {
    const channel = testChannel(setup)
    this.client = newParty('client', channel)
    this.hub = newParty('hub', channel)
  }

  /** `payer` signs `changes`; the other side takes them unless they are `lost`. */
  update(
    payer: Role,
    changes: readonly Change[],
    { now = NOW, lost = false }: { now?: Timestamp; lost?: boolean } = {},
  ): LaneUpdate {
    const { party, update } = signed(this[payer], changes, { now })
    this[payer] = party
    if (!lost) this.take(payer === 'client' ? 'hub' : 'client', update, now)
    return update
  }

  take(payee: Role, update: LaneUpdate, now = NOW) {
    const received = accepted(receiveUpdate(CHAIN, this[payee], update, now))
    assert.ok(received.kind === 'received', 'the update is a new one')
    this[payee] = received.party
    return received
  }

  /** Item `name` from `payer`, added and paid. */
  pay(payer: Role, name: number, unit: bigint): void {
    this.update(payer, [addItem(name, { unit })])
    this.update(payer, [redeemItem(name)])
  }
}

/** `update` signed again after it was tampered with: only the rule in question can refuse it. */
export function evidenceOf(digest: Uint8Array, signer: Signer): Evidence {
  const [evidence] = signEvidence(CHAIN, signer, [digest])
  return evidence ?? assert.fail('one digest has one evidence')
}

/** Uniform numbers from a seed (mulberry32): the same seed is the same run, on every machine. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to `below - 1`. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }

  /** Whether something of probability `percent` happens. */
  chance(percent: number): boolean {
    return this.roll(100) < percent
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.roll(items.length)]
    assert.ok(item !== undefined, 'there is something to pick from')
    return item
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.roll(256))
  }
}

/** The seeds of a property: `count` fixed ones, or the one that `SEED` names. */
export function seeds(count: number): readonly number[] {
  const asked = process.env['SEED']
  return asked === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(asked)]
}
