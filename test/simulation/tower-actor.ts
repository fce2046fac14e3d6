import { waitForLedger } from '@tallystick/client-sdk'
import { deriveKeys, type Entrusted, keyLock, lockRoot } from '@tallystick/protocol'
import { type AssembledTower, assembleTower } from '#watchtower/assemble-tower.js'
import type { TowerKeys } from '#watchtower/tower-keys.js'
import { Incarnation } from './incarnation.js'
import type { LedgerActor } from './ledger-actor.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { VirtualDisk } from './virtual-disk.js'
import { type LedgerLine, virtualLedgerAccess } from './virtual-ledger-access.js'
import type { VirtualNetwork } from './virtual-network.js'
import { TowerRecords, virtualTowerStore } from './virtual-tower-store.js'

/** For what towers of the simulation guard. An owner may be away for a quarter of the appointment. */
const TERMS = {
  asset: 0,
  bountyPpmMin: 100_000,
  appointmentSecondsMax: 3_600,
  appointmentsMax: 100,
  appointmentsPerKeyMax: 10,
} as const

export type TowerActorParts = {
  readonly name: string
  readonly schedule: Schedule
  readonly random: Random
  readonly ledger: LedgerActor
  readonly network: VirtualNetwork
  readonly seed: Uint8Array
  /** Hears what is on the disk for good. */
  readonly onStored: (entrusted: Entrusted) => void
  readonly onFault: (fault: unknown) => void
}

/** A watchtower's process: everything below its files and ports is production code. */
export class TowerActor {
  readonly name: string
  readonly keys: TowerKeys
  readonly disk: VirtualDisk
  readonly line: LedgerLine = { apartUntilMs: 0 }
  readonly #parts: TowerActorParts
  records = new TowerRecords()
  #backup = new TowerRecords()
  life: Incarnation
  tower: AssembledTower | undefined

  constructor(parts: TowerActorParts) {
    this.#parts = parts
    this.name = parts.name
    this.keys = towerKeysOf(parts.seed)
    this.disk = new VirtualDisk(parts.schedule, parts.random)
    this.life = new Incarnation(parts.schedule, () => undefined)
    this.life.end()
  }

  async start(): Promise<void> {
    if (this.life.isAlive) return
    const { name, schedule, network } = this.#parts
    const life = new Incarnation(schedule, () => {
      this.tower = undefined
      this.disk.crash()
      network.cutAll(name)
    })
    this.life = life
    try {
      await this.#run(life)
    } catch (fault) {
      if (life.isAlive) this.#fault(life, fault)
    }
  }

  async #run(life: Incarnation): Promise<void> {
    const { name, schedule, random, ledger, network, onStored } = this.#parts
    const access = virtualLedgerAccess(schedule, random, ledger, life, this.line, undefined)
    const { clock } = life
    const tip = await waitForLedger(() => access.refresh(), {
      ...{ clock, signal: undefined, onTrouble: () => undefined },
    })
    const tower = await assembleTower({
      ...{ keys: this.keys, terms: TERMS, ledger: access, tip, clock },
      store: virtualTowerStore(life, this.disk, this.records, onStored),
      randomBytes: (length) => random.bytes(length),
      onReport: () => undefined,
      onFault: (fault) => (life.isAlive ? this.#fault(life, fault) : undefined),
    })
    this.tower = tower
    network.listen(name, { life, accept: (socket) => tower.accept(socket, name) }, undefined)
  }

  /** Keeps a copy of what is on the disk. */
  backUp(): void {
    this.#backup = this.records.copy()
  }

  /** Its disk is gone: its operator puts the copy in place. */
  loseDisk(): void {
    this.life.crash()
    this.records = this.#backup.copy()
  }

  #fault(life: Incarnation, fault: unknown): void {
    const code = fault instanceof Error && 'code' in fault ? fault.code : undefined
    if (code !== 'store_failed') this.#parts.onFault(fault)
    life.crash()
  }
}

export function towerKeysOf(seed: Uint8Array): TowerKeys {
  const keys = deriveKeys(seed)
  const coins = keys.payout(0)
  return { guard: keys.identity, coins, payoutLock: lockRoot(keyLock(coins.publicKey)) }
}
