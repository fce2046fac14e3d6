import {
  BlockFeed,
  type LedgerAccess,
  type StoreWrite,
  Wallet,
  type WalletNotice,
} from '@tallystick/client-sdk'
import { deriveKeys, keyLock, type LockRoot, lockRoot, type WalletKeys } from '@tallystick/protocol'
import { HUB } from './hub-actor.js'
import { Incarnation } from './incarnation.js'
import type { LedgerActor } from './ledger-actor.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { VirtualDisk } from './virtual-disk.js'
import { type Hand, type LedgerLine, virtualLedgerAccess } from './virtual-ledger-access.js'
import type { Tongue, VirtualNetwork } from './virtual-network.js'
import { copyRecords, virtualWalletStore, type WalletRecords } from './virtual-wallet-store.js'

export type WalletActorParts = {
  readonly name: string
  readonly schedule: Schedule
  readonly random: Random
  readonly ledger: LedgerActor
  readonly network: VirtualNetwork
  readonly seed: Uint8Array
  /** What a lying client says instead; absent: the client is honest. */
  readonly tongue: Tongue | undefined
  /** When it hands in what it has for the ledger; absent: at once. */
  readonly hand: Hand | undefined
  readonly onCommit: (writes: readonly StoreWrite[]) => void
  /** Hears what is on the disk for good. */
  readonly onStored: (writes: readonly StoreWrite[]) => void
  /** The process ended by itself: it could not start, or its disk failed. */
  readonly onFault: (fault: unknown) => void
}

/** A wallet's process: the SDK over a virtual disk, ledger and hub connection. */
export class WalletActor {
  readonly name: string
  readonly keys: WalletKeys
  readonly lock: LockRoot
  readonly disk: VirtualDisk
  readonly line: LedgerLine = { apartUntilMs: 0 }
  readonly #parts: WalletActorParts
  records: WalletRecords = new Map()
  life: Incarnation
  wallet: Wallet | undefined
  /** The ledger as this life of the process sees it. */
  access: LedgerAccess | undefined
  #backup: WalletRecords = new Map()

  constructor(parts: WalletActorParts) {
    this.#parts = parts
    this.name = parts.name
    this.keys = deriveKeys(parts.seed)
    this.lock = lockRoot(keyLock(this.keys.payout(0).publicKey))
    this.disk = new VirtualDisk(parts.schedule, parts.random)
    this.life = new Incarnation(parts.schedule, () => undefined)
    this.life.end()
  }

  get isUp(): boolean {
    return this.life.isAlive
  }

  async start(): Promise<void> {
    if (this.life.isAlive) return
    const { name, schedule, random, ledger, network, seed, tongue, hand, onCommit, onStored } =
      this.#parts
    const life = new Incarnation(schedule, () => {
      this.wallet = undefined
      this.disk.crash()
      network.cutAll(name)
    })
    this.life = life
    try {
      const access = virtualLedgerAccess(schedule, random, ledger, life, this.line, hand)
      this.access = access
      const feed = await BlockFeed.start(access)
      const wallet = await Wallet.open({
        words: seed,
        store: virtualWalletStore(life, this.disk, this.records, { onCommit, onStored }),
        feed,
        hubUrl: 'ws://hub.test/v1/session',
        openSocket: network.socketsOf(name, HUB, life, tongue),
        randomBytes: (length) => random.bytes(length),
        clock: life.clock,
        onEvent: (notice) => {
          if (life.isAlive) this.#hear(life, notice)
        },
      })
      if (life.isAlive) this.wallet = wallet
    } catch (error) {
      if (life.isAlive) this.#fault(life, error)
    }
  }

  /** Keeps a copy of what is on the disk; `restore` puts it back before the next start. */
  backUp(): void {
    this.#backup = copyRecords(this.records)
  }

  restore(): void {
    this.records = copyRecords(this.#backup)
  }

  #hear(life: Incarnation, notice: WalletNotice): void {
    if (notice.kind === 'problem' && notice.code === 'store_failed') {
      this.#fault(life, new Error(notice.detail))
    }
  }

  #fault(life: Incarnation, fault: unknown): void {
    life.crash()
    this.#parts.onFault(fault)
  }
}
