import { createHash } from 'node:crypto'
import { StoreFault, type StoreWrite } from '@tallystick/client-sdk'
import {
  amount,
  type ChannelId,
  type ChannelParty,
  chainIdOf,
  decodeTrusted,
  deriveKeys,
  type Genesis,
  type LockRoot,
  type Output,
  PROTOCOL_VERSION,
  type PublicKey,
  type Signer,
  timestamp,
} from '@tallystick/protocol'
import {
  decodeWalletChannel,
  type InvoiceRecord,
  invoiceRecordCodec,
  type PaymentRecord,
  paymentRecordCodec,
} from '#client-sdk/wallet/wallet-records.js'
import { hubKeysOf } from '#hub/hub-keys.js'
import { abandon } from './abandoned.js'
import { AcceptedProofs } from './accepted-proofs.js'
import { Books } from './books.js'
import { HeldInvoices } from './held-invoices.js'
import type { HoldOrder } from './holds.js'
import { FEE_PER_KILO_COST, HUB, HubActor } from './hub-actor.js'
import { KeptLetters } from './kept-letters.js'
import { LedgerActor } from './ledger-actor.js'
import { LedgerLaw } from './ledger-law.js'
import { Liar } from './liar.js'
import { Random } from './random.js'
import { RefundBooks } from './refund-books.js'
import { Schedule } from './schedule.js'
import { ServedTicks } from './served-ticks.js'
import type { Setup } from './setup.js'
import { SignedHistory, type SignerProcess } from './signed-history.js'
import { StatusHistory } from './status-history.js'
import { StreamBooks } from './stream-books.js'
import type { StreamOrder } from './stream-payer.js'
import { TowerActor, towerKeysOf } from './tower-actor.js'
import { TowerVouches } from './tower-vouches.js'
import { Violation } from './violation.js'
import { VirtualNetwork } from './virtual-network.js'
import { WalletActor } from './wallet-actor.js'
import { type PayeeDisk, WholeReveals } from './whole-reveals.js'
import type { WithdrawalOrder } from './withdrawals.js'

/** Coins of everybody at the start, base units. */
export const COIN = 10_000_000n
export const WALLET_COINS = 3
export const HUB_COINS = 12
/** Ledger time at the genesis. */
const START = timestamp(1_700_000_000)
/** How fast ledger time may rise; a hub asks for at most half of its margin for claims. */
const TIME_STEP_SECONDS_MAX = 10

/** One run: everybody who takes part, and those who watch. */
export class World {
  readonly setup: Setup
  readonly schedule = new Schedule()
  readonly network: VirtualNetwork
  readonly ledger: LedgerActor
  readonly hub: HubActor
  readonly wallets: ReadonlyMap<string, WalletActor>
  readonly towers: ReadonlyMap<string, TowerActor>
  readonly books = new Books()
  readonly streams = new StreamBooks()
  readonly served = new ServedTicks(this.streams)
  readonly streamOrders: StreamOrder[] = []
  readonly withdrawals: WithdrawalOrder[] = []
  readonly holds: HoldOrder[] = []
  readonly statuses = new StatusHistory()
  readonly refunds = new RefundBooks()
  /** Whether everybody leaves: no stream goes on. */
  isWindingUp = false
  /** Until when processes that crash stay down, virtual milliseconds. */
  readonly downUntilMs = new Map<string, number>()
  /** Until when owners are away who leave the rest to a tower, virtual milliseconds. */
  readonly asleepUntilMs = new Map<string, number>()
  /** The channels on which both sides have lost data at the end, and their wallets. */
  lostOnBothSides: ReadonlyMap<ChannelId, string> = new Map()
  readonly #vouches = new TowerVouches()
  readonly #signed = new SignedHistory()
  readonly #law: LedgerLaw
  readonly #accepted: AcceptedProofs
  readonly #reveals = new WholeReveals()
  readonly #letters = new KeptLetters()
  readonly #held = new HeldInvoices((anchor) => {
    return this.holds.some((hold) => hold.anchor === anchor && hold.isTaken)
  })
  readonly #payees = new Map<string, PayeeDisk>()
  readonly #signers = new Map<string, SignerProcess>()
  readonly #liars = new Map<string, Liar>()
  /** What liars decide by. */
  readonly lies: Random
  readonly #trace = createHash('sha256')
  /** Parties as they lie in wallets' stores, by the bytes that were handed in. */
  readonly #parties = new WeakMap<Uint8Array, ChannelParty>()
  readonly #keyIndexes = new Map<ChannelId, number>()
  #violation: Violation | undefined

  constructor(setup: Setup) {
    const { seed } = setup
    this.setup = setup
    const { schedule } = this
    const random = (name: string) => new Random(`${name} ${seed}`)
    const seedOf = (name: string) => random(`keys of ${name}`).bytes(32)
    const names = Array.from({ length: setup.wallets }, (_, number) => `w${number}`)
    this.network = new VirtualNetwork(schedule, random('network'), (from, to, bytes) =>
      this.#hear(from, to, bytes),
    )
    const validator = deriveKeys(seedOf('validator')).identity
    this.lies = random('lies')
    const genesis = genesisOf(
      validator.publicKey,
      names.map((name) => seedOf(name)),
      seedOf(HUB),
      setup.towers.map(seedOf),
    )
    for (const name of setup.isHubHonest ? setup.liars : [HUB, ...setup.liars]) {
      const signerOf = (channel: ChannelId) => this.signerOf(name, channel)
      const time = () => this.time
      this.#liars.set(name, new Liar(chainIdOf(genesis), random(`liar ${name}`), signerOf, time))
    }
    this.#accepted = new AcceptedProofs(chainIdOf(genesis))
    this.#law = new LedgerLaw(genesis)
    this.ledger = new LedgerActor(schedule, random('ledger'), genesis, validator, {
      block: (block) => this.#watch(() => this.#law.onBlock(block, this.ledger.records)),
      fault: (fault) => this.fail('defect', 'the ledger node failed', fault),
    })
    this.hub = new HubActor({
      schedule,
      random: random(HUB),
      ledger: this.ledger,
      network: this.network,
      seed: seedOf(HUB),
      tongue: this.#liars.get(HUB)?.tongue,
      hand: this.#liars.get(HUB)?.slow.waitFor,
      places: setup.places,
      onCommit: ({ channels }) => {
        for (const { party } of channels.values()) this.#write(HUB, party)
      },
      onLetter: (letter) => this.#letters.onStored(letter),
      onFault: (fault) => {
        // What a liar has taken back, its books miss once the ledger shows a withdrawal of it (INV-8).
        const isOwnFault = !setup.isHubHonest && this.hub.isRolledBack
        if (!isOwnFault) this.fail('defect', 'the hub failed', fault)
      },
    })
    if (setup.isHubHonest) {
      const durable: SignerProcess['durable'] = (channel) =>
        this.hub.records.channels.get(channel)?.party
      this.#signers.set(HUB, { name: HUB, durable })
    }
    this.towers = new Map(
      setup.towers.map((name) => [name, this.#tower(name, seedOf(name), random)]),
    )
    this.wallets = new Map(names.map((name) => [name, this.#wallet(name, seedOf(name), random)]))
    for (const wallet of this.honestWallets()) {
      const { name } = wallet
      this.#payees.set(name, this.#payeeDisk(wallet))
      const durable: SignerProcess['durable'] = (channel) => {
        const bytes = wallet.records.get('channel')?.get(channel)
        return bytes && this.#parties.get(bytes)
      }
      this.#signers.set(name, { name, durable })
    }
  }

  /** What went wrong first, if anything did. */
  get violation(): Violation | undefined {
    return this.#violation
  }

  /** The same for two runs that were the same. */
  get traceHash(): string {
    return this.#trace.copy().digest('hex')
  }

  /** Ledger time. */
  get time(): number {
    return this.ledger.blocks.at(-1)?.header.time ?? START
  }

  wallet(name: string): WalletActor {
    const wallet = this.wallets.get(name)
    if (wallet === undefined) throw new Error(`there is no wallet ${name}`)
    return wallet
  }

  tower(name: string): TowerActor {
    const tower = this.towers.get(name)
    if (tower === undefined) throw new Error(`there is no tower ${name}`)
    return tower
  }

  /** Whether what this tower vouches for is kept, whatever happens. */
  isHonestTower(key: PublicKey | undefined): boolean {
    return [...this.towers.values()].some(
      ({ name, keys }) => keys.guard.publicKey === key && !this.setup.forgetful.includes(name),
    )
  }

  /** The locks that honest wallets are paid to. */
  get honestLocks(): ReadonlySet<LockRoot> {
    return new Set(this.honestWallets().map(({ lock }) => lock))
  }

  /** Whether the hub keeps to the rules to the end, and so must lose nothing. */
  get isHubAttentive(): boolean {
    return this.setup.isHubHonest && this.setup.hubVanishes === 'never'
  }

  /** Wallets that keep to the rules. */
  honestWallets(): WalletActor[] {
    return [...this.wallets.values()].filter(({ name }) => !this.setup.liars.includes(name))
  }

  fail(invariant: string, detail: string, cause?: unknown): void {
    this.#violation ??=
      cause instanceof Violation ? cause : new Violation(invariant, `${detail}: ${cause}`, cause)
  }

  note(what: string): void {
    this.#trace.update(`${this.schedule.nowMs} ${what}\n`)
  }

  liar(name: string): Liar {
    const liar = this.#liars.get(name)
    if (liar === undefined) throw new Error(`${name} does not lie`)
    return liar
  }

  /** The key that a party signs a channel with. */
  signerOf(name: string, channel: ChannelId): Signer | undefined {
    if (name === HUB) return this.hub.keys.signer
    const keyIndex = this.#keyIndexes.get(channel)
    return keyIndex === undefined ? undefined : this.wallet(name).keys.channel(keyIndex)
  }

  #write(name: string, party: ChannelParty): void {
    this.#signed.onWrite(name, party)
    const { time } = this
    const liar = this.#liars.get(name)
    if (liar === undefined) this.#watch(() => this.#accepted.onWrite(name, party, time))
    liar?.remember(party)
  }

  #watch(look: () => void): void {
    try {
      look()
    } catch (error) {
      this.fail('defect', 'an observer failed', error)
    }
  }

  #hear(from: string, to: string, bytes: Uint8Array): void {
    this.note(`${from} ${to}`)
    this.#trace.update(bytes)
    if (this.towers.has(from)) return this.#watch(() => this.#vouches.onSent(from, bytes))
    if (this.towers.has(to)) return
    const signer = this.#signers.get(from)
    if (signer !== undefined) this.#watch(() => this.#signed.onSent(signer, bytes))
    if (from === HUB) this.#watch(() => this.#letters.onAnswered(to, bytes))
    else if (to === HUB) this.#watch(() => this.#letters.onAsked(from, bytes))
    const payee = this.#payees.get(from)
    if (payee !== undefined) this.#watch(() => this.#reveals.onSent(payee, bytes))
  }

  #payeeDisk(wallet: WalletActor): PayeeDisk {
    return {
      name: wallet.name,
      channels: () =>
        [...(wallet.records.get('channel')?.values() ?? [])].flatMap(
          (bytes) => this.#parties.get(bytes) ?? [],
        ),
      invoice: (anchor) => wallet.records.get('invoice')?.get(anchor),
    }
  }

  #tower(name: string, seed: Uint8Array, random: (name: string) => Random): TowerActor {
    const { schedule, ledger, network } = this
    return new TowerActor({
      ...{ name, seed, schedule, ledger, network, random: random(name) },
      onStored: (entrusted) => this.#vouches.onStored(name, entrusted),
      onFault: (fault) => this.fail('defect', `the tower ${name} failed`, fault),
    })
  }

  #wallet(name: string, seed: Uint8Array, random: (name: string) => Random): WalletActor {
    return new WalletActor({
      ...{ name, seed, schedule: this.schedule, ledger: this.ledger, network: this.network },
      random: random(name),
      towers: this.setup.towers,
      tongue: this.#liars.get(name)?.tongue,
      hand: this.#liars.get(name)?.slow.waitFor,
      onCommit: (writes) => {
        for (const { kind, value } of writes) {
          if (kind !== 'channel' || value === undefined) continue
          const { party, keyIndex } = decodeWalletChannel(value)
          this.#parties.set(value, party)
          this.#keyIndexes.set(party.ledger.id, keyIndex)
          this.#write(name, party)
        }
      },
      onStored: (writes) => this.#onStored(name, writes),
      onFault: (fault) => this.#meetFault(name, fault),
    })
  }

  /** What an owner is told comes from what is on the disk. */
  #onStored(name: string, writes: readonly StoreWrite[]): void {
    const isHonest = !this.setup.liars.includes(name)
    const invoices: InvoiceRecord[] = []
    const payments: PaymentRecord[] = []
    for (const { kind, value } of writes) {
      if (value === undefined) continue
      const isStream = kind === 'stream' || kind === 'endedStream'
      if (isStream && isHonest) this.#watch(() => this.streams.onStored(name, value))
      if (kind === 'payment' || kind === 'donePayment') {
        payments.push(decodeTrusted(paymentRecordCodec, value))
      }
      if (kind !== 'invoice' && kind !== 'doneInvoice') continue
      const invoice = decodeTrusted(invoiceRecordCodec, value)
      invoices.push(invoice)
      const { anchor, received, status } = invoice
      if (status !== 'paid' || !this.books.onPaid(name, anchor, received)) continue
      this.#watch(() => this.#reveals.onPaid(name, invoice))
      const { hubVanishes } = this.setup
      if (typeof hubVanishes === 'object' && this.books.paid === hubVanishes.afterPaid) {
        abandon(this)
      }
    }
    if (isHonest) this.#watch(() => this.#judge(name, invoices, payments))
  }

  #judge(
    name: string,
    invoices: readonly InvoiceRecord[],
    payments: readonly PaymentRecord[],
  ): void {
    for (const invoice of invoices) {
      this.statuses.onInvoice(name, invoice)
      this.#held.onStored(name, invoice)
    }
    for (const payment of payments) this.statuses.onPayment(name, payment)
    this.refunds.onStored(name, invoices, payments, this.books.received(name))
  }

  /** A process that could not go on is started again by its owner; a defect is one of ours. */
  #meetFault(name: string, fault: unknown): void {
    const isExpected = fault instanceof StoreFault || (fault instanceof Error && 'code' in fault)
    if (!isExpected && !String(fault).includes('StoreFault')) {
      this.fail('defect', `${name} failed`, fault)
    }
  }
}

function genesisOf(
  validator: Genesis['parameters']['validators'][number],
  wallets: readonly Uint8Array[],
  hub: Uint8Array,
  towers: readonly Uint8Array[],
): Genesis {
  const coins = (lock: LockRoot, count: number): Output[] =>
    Array.from({ length: count }, () => ({ asset: 0, amount: amount(COIN), lock }))
  return {
    network: 'simulation',
    time: START,
    parameters: {
      protocolVersion: PROTOCOL_VERSION,
      revision: 0,
      validators: [validator],
      quorum: 1,
      timeStepSecondsMax: TIME_STEP_SECONDS_MAX,
      disputeWindowSecondsMin: 60,
      disputeWindowSecondsMax: 3_600,
      feeRates: [{ asset: 0, feePerKiloCost: FEE_PER_KILO_COST }],
    },
    assets: [{ code: 'SIM', decimals: 2, issuer: undefined }],
    allocations: [
      ...coins(hubKeysOf(hub).payoutLock, HUB_COINS),
      ...wallets.flatMap((seed) => coins(hubKeysOf(seed).payoutLock, WALLET_COINS)),
      ...towers.flatMap((seed) => coins(towerKeysOf(seed).payoutLock, 1)),
    ],
  }
}
