import { type LedgerAccess, waitForLedger } from '@tallystick/client-sdk'
import {
  amount,
  exitReserveMin,
  type HubPolicy,
  LANE_ITEMS_MAX,
  timestamp,
} from '@tallystick/protocol'
import { type AssembledHub, assembleHub } from '#hub/assemble-hub.js'
import type { HubWrites } from '#hub/core/hub-view.js'
import { type HubKeys, hubKeysOf } from '#hub/hub-keys.js'
import { MailBoxes } from '#hub/mail/mail-boxes.js'
import { restoredAt, resumeAtStart } from '#hub/resume-at-start.js'
import { verifyHere } from '../hub/verify-here.js'
import { Incarnation } from './incarnation.js'
import type { LedgerActor } from './ledger-actor.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { VirtualDisk } from './virtual-disk.js'
import { JournalRecords, virtualJournal } from './virtual-journal.js'
import { type Hand, type LedgerLine, virtualLedgerAccess } from './virtual-ledger-access.js'
import { type MailRecords, virtualMail } from './virtual-mail.js'
import type { Tongue, VirtualNetwork } from './virtual-network.js'

/** Under which name the hub listens. */
export const HUB = 'hub'
/** Base units due for 1,000 units of cost on the simulated ledger. */
export const FEE_PER_KILO_COST = 1
/** What routing a payment costs at least, base units: far above all fees of the ledger together. */
export const FEE_BASE = 10_000n
const GATHER_MS = 200

export type HubActorParts = {
  readonly schedule: Schedule
  readonly random: Random
  readonly ledger: LedgerActor
  readonly network: VirtualNetwork
  readonly seed: Uint8Array
  /** What a lying hub says instead; absent: the hub is honest. */
  readonly tongue: Tongue | undefined
  /** Items that a lane of its channels may hold; absent: 16. */
  readonly places: number | undefined
  /** When it hands in what it has for the ledger; absent: at once. */
  readonly hand: Hand | undefined
  /** Hears what is handed in to be written, which is signed by then. */
  readonly onCommit: (writes: HubWrites) => void
  /** Hears which letters are on the disk for good. */
  readonly onLetter: (letter: Uint8Array) => void
  readonly onFault: (fault: unknown) => void
}

/** The hub's process: everything below its files and ports is production code. */
export class HubActor {
  readonly keys: HubKeys
  readonly policy: HubPolicy
  readonly disk: VirtualDisk
  readonly line: LedgerLine = { apartUntilMs: 0 }
  readonly #parts: HubActorParts
  records = new JournalRecords()
  #backup = new JournalRecords()
  readonly #mail: MailRecords = new Map()
  #isRestored = false
  /** Whether it goes on from an old copy, or once did. */
  isRolledBack = false
  /** What was on the disks that it has lost. */
  readonly lost: JournalRecords[] = []
  life: Incarnation
  hub: AssembledHub | undefined
  /** The ledger as this life of the process sees it. */
  access: LedgerAccess | undefined

  constructor(parts: HubActorParts) {
    this.#parts = parts
    this.keys = hubKeysOf(parts.seed)
    this.policy = policyOf(this.keys, parts.places)
    this.disk = new VirtualDisk(parts.schedule, parts.random)
    this.life = new Incarnation(parts.schedule, () => undefined)
    this.life.end()
  }

  get isUp(): boolean {
    return this.life.isAlive
  }

  async start(): Promise<void> {
    if (this.life.isAlive) return
    const { schedule, network } = this.#parts
    const life = new Incarnation(schedule, () => {
      this.hub = undefined
      this.disk.crash()
      network.cutAll(HUB)
    })
    this.life = life
    try {
      await this.#run(life)
    } catch (fault) {
      if (life.isAlive) this.#fault(life, fault)
    }
  }

  async #run(life: Incarnation): Promise<void> {
    const { schedule, random, ledger, network, tongue, hand, onCommit, onLetter } = this.#parts
    const access = virtualLedgerAccess(schedule, random, ledger, life, this.line, hand)
    const randomBytes = (length: number) => random.bytes(length)
    if (this.#isRestored) await this.#takeCopy(life, access)
    const journal = virtualJournal(life, this.disk, this.records, onCommit)
    await resumeAtStart(journal, randomBytes)
    const { stored } = journal
    const onFault = (fault: unknown) => (life.isAlive ? this.#fault(life, fault) : undefined)
    const hub = assembleHub({
      keys: this.keys,
      policy: this.policy,
      ledger: access,
      journal,
      mail: await MailBoxes.open(virtualMail(life, this.disk, this.#mail, onLetter), onFault),
      verify: verifyHere,
      // Few clients say little at a time: whatever waits is decided on top of what is being stored.
      aheadEventsMin: 1,
      time: ledger.blocks[stored.height - 1]?.header.time ?? timestamp(access.genesis.time),
      gatherMs: GATHER_MS,
      clock: life.clock,
      randomBytes,
      onReport: () => undefined,
      onFault,
    })
    this.hub = hub
    this.access = access
    network.listen(HUB, { life, accept: (socket) => hub.desk.open(socket, HUB) }, tongue)
  }

  /** Keeps a copy of what is on the disk; `restore` puts it back before the next start. */
  backUp(): void {
    this.#backup = this.records.copy()
  }

  restore(): void {
    this.records = this.#backup.copy()
    this.isRolledBack = true
  }

  /** Its disk is gone: its operator puts the copy in place, and says so at the next start. */
  loseDisk(): void {
    this.life.crash()
    this.lost.push(this.records)
    this.restore()
    this.#isRestored = true
  }

  /** As a journal is opened that may be an old copy: in one commit (JRN-6). */
  async #takeCopy(life: Incarnation, access: LedgerAccess): Promise<void> {
    const { random } = this.#parts
    const { time } = await waitForLedger(() => access.refresh(), {
      ...{ clock: life.clock, signal: undefined, onTrouble: () => undefined },
    })
    const { records } = this
    const restored = restoredAt(time, (length) => random.bytes(length))
    await this.disk.transact(life, () => {
      for (const [id, channel] of records.channels) records.channels.set(id, restored(channel))
      records.restoredTime = time
      this.#isRestored = false
    })
  }

  #fault(life: Incarnation, fault: unknown): void {
    const code = fault instanceof Error && 'code' in fault ? fault.code : undefined
    if (code !== 'store_failed') this.#parts.onFault(fault)
    life.crash()
  }
}

function policyOf({ payoutLock }: HubKeys, itemsMax = 16): HubPolicy {
  return {
    asset: 0,
    payoutLock,
    terms: {
      disputeWindowSeconds: 120,
      unsureWindowSeconds: 240,
      clientPenaltyPpm: 300_000,
      hubPenaltyPpm: 1_000_000,
      itemsMax,
      expirySecondsMax: 240,
      itemAmountMin: amount(1n),
      exitReserve: amount(exitReserveMin({ itemsMax: LANE_ITEMS_MAX }, FEE_PER_KILO_COST)),
    },
    feeBase: amount(FEE_BASE),
    feePpm: 0,
    inboundMax: amount(1_000_000_000n),
  }
}
