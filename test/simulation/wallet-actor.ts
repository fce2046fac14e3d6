import {
  BlockFeed,
  fetchKeptCopies,
  type LedgerAccess,
  type OpenSocket,
  pause,
  type StoreWrite,
  Wallet,
  WalletError,
  type WalletNotice,
} from '@tallystick/client-sdk'
import { deriveKeys, keyLock, type LockRoot, lockRoot, type WalletKeys } from '@tallystick/protocol'
import { decodeWalletChannel, encodeWalletChannel } from '#client-sdk/wallet/wallet-records.js'
import type { Recovery } from './action.js'
import { HUB } from './hub-actor.js'
import { Incarnation } from './incarnation.js'
import type { LedgerActor } from './ledger-actor.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { VirtualDisk } from './virtual-disk.js'
import { type Hand, type LedgerLine, virtualLedgerAccess } from './virtual-ledger-access.js'
import type { Tongue, VirtualNetwork } from './virtual-network.js'
import { copyRecords, virtualWalletStore, type WalletRecords } from './virtual-wallet-store.js'

/** Virtual milliseconds after which an owner asks its towers again. */
const ASK_AGAIN_MS = 2_000

export type WalletActorParts = {
  readonly name: string
  readonly schedule: Schedule
  readonly random: Random
  readonly ledger: LedgerActor
  readonly network: VirtualNetwork
  readonly seed: Uint8Array
  /** The towers that it entrusts its channels to. */
  readonly towers: readonly string[]
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
  /** A lock of its owner that its wallet does not look at. */
  readonly savings: LockRoot
  readonly disk: VirtualDisk
  readonly line: LedgerLine = { apartUntilMs: 0 }
  readonly #parts: WalletActorParts
  records: WalletRecords = new Map()
  life: Incarnation
  wallet: Wallet | undefined
  /** The ledger as this life of the process sees it. */
  access: LedgerAccess | undefined
  #backup: WalletRecords = new Map()
  /** The newest sealed backup that its owner has put away. */
  #sealed: Uint8Array | undefined
  #recovery: Recovery | undefined

  constructor(parts: WalletActorParts) {
    this.#parts = parts
    this.name = parts.name
    this.keys = deriveKeys(parts.seed)
    this.lock = lockRoot(keyLock(this.keys.payout(0).publicKey))
    this.savings = lockRoot(keyLock(this.keys.payout(1).publicKey))
    this.disk = new VirtualDisk(parts.schedule, parts.random)
    this.life = new Incarnation(parts.schedule, () => undefined)
    this.life.end()
  }

  get isUp(): boolean {
    return this.life.isAlive
  }

  async start(): Promise<void> {
    if (this.life.isAlive) return
    const { name, schedule, random, ledger, network, seed, hand, onCommit, onStored } = this.#parts
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
      const openSocket = this.#sockets(life)
      const recovered = await this.#recover(access, life, openSocket)
      const wallet = await Wallet.open({
        words: seed,
        store: virtualWalletStore(life, this.disk, this.records, { onCommit, onStored }),
        feed,
        hubUrl: urlOf(HUB),
        towers: this.#parts.towers.map((tower) => ({ url: urlOf(tower) })),
        openSocket,
        streams: { unitMin: 1n },
        ...recovered,
        randomBytes: (length) => random.bytes(length),
        clock: life.clock,
        onEvent: (notice) => {
          if (life.isAlive) this.#hear(life, notice)
        },
      })
      if (!life.isAlive) return
      this.wallet = wallet
      this.#recovery = undefined
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

  /** Puts a sealed backup of the running wallet away. */
  async exportBackup(): Promise<void> {
    this.#sealed = (await this.wallet?.exportBackup()) ?? this.#sealed
  }

  /** Its disk is gone: its owner goes on from what else there is, and says so until it has worked. */
  loseDisk(how: Recovery): void {
    this.life.crash()
    this.records = how === 'copy' ? withLostBooks(this.#backup) : new Map()
    this.#recovery = how
  }

  /** What the owner of a wallet that was lost opens the next one with. */
  async #recover(ledger: LedgerAccess, { clock }: Incarnation, openSocket: OpenSocket) {
    const { seed, towers: names } = this.#parts
    if (this.#recovery === undefined) return {}
    const towers = names.map((name) => ({ url: urlOf(name) }))
    const ask = () => fetchKeptCopies({ words: seed, ledger, towers, openSocket, clock })
    let copies = await ask()
    // A tower that does not answer may be the one that has it all.
    while (copies.some(({ outcome }) => outcome instanceof WalletError && outcome.retryable)) {
      await pause(ASK_AGAIN_MS, undefined, clock)
      copies = await ask()
    }
    const entrusted = copies.flatMap(({ outcome }) =>
      outcome === undefined || outcome instanceof WalletError ? [] : [outcome],
    )
    const isNew = this.records.get('meta')?.has('identity') !== true
    const backup = this.#recovery === 'backup' && isNew ? this.#sealed : undefined
    return { entrusted, restored: this.#recovery === 'copy', ...(backup && { backup }) }
  }

  /** To the hub it says what its tongue makes of it, to towers what it means. */
  #sockets(life: Incarnation): OpenSocket {
    const { name, network, tongue, towers } = this.#parts
    const lines = new Map([[urlOf(HUB), network.socketsOf(name, HUB, life, tongue)]])
    for (const tower of towers) {
      lines.set(urlOf(tower), network.socketsOf(name, tower, life, undefined))
    }
    return (url, handlers, options) => {
      const line = lines.get(url)
      if (line === undefined) throw new Error(`nobody is at ${url}`)
      return line(url, handlers, options)
    }
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

/** Where a process of the simulation is heard. */
function urlOf(process: string): string {
  return `ws://${process}.test/v1/session`
}

/** As a store is opened that may be an old copy: nobody knows what was signed since (JRN-6). */
function withLostBooks(records: WalletRecords): WalletRecords {
  const copy = copyRecords(records)
  const channels = [...(copy.get('channel') ?? [])].map(([id, bytes]) => {
    const lost = encodeWalletChannel({ ...decodeWalletChannel(bytes), books: 'lost' })
    return [id, lost] as const
  })
  return copy.set('channel', new Map(channels))
}
