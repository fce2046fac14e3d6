import { type Clock, StoreFault } from '@tallystick/client-sdk'
import { type ChannelId, type PublicKey, type Rejection, reject } from '@tallystick/protocol'
import { type KeptBackup, weighBackup } from '../core/weigh-backup.js'
import {
  BACKUP_BATCH_MAX,
  BACKUP_RATE,
  BACKUP_REQUESTS_MAX,
  BACKUPS_UNOWNED_MAX,
} from '../limits.js'
import type { Speaker } from '../rates/conduct.js'
import { TokenBuckets } from '../rates/token-buckets.js'
import type { BackupRow, BackupRows } from '../store/backup-rows.js'

export type BackupDeskParts = {
  readonly rows: BackupRows
  /** A channel here that goes by this identity; absent: there is none. */
  readonly channelOf: (identity: PublicKey) => ChannelId | undefined
  readonly clock: Clock
  /** Told when the file failed, or was found damaged (JRN-3): the process must end. */
  readonly onFault: (fault: unknown) => void
}

export type KeepOutcome = 'kept' | Rejection<'backup_version_falls'>

type Upload = {
  readonly row: BackupRow
  readonly done: (outcome: KeepOutcome) => void
}

/** Keeps the newest backup of every client (BAK-5), and bounds what one of them asks for. */
export class BackupDesk {
  readonly #parts: BackupDeskParts
  readonly #kept: Map<PublicKey, KeptBackup>
  readonly #rate: TokenBuckets<Speaker>
  readonly #underway = new Set<Speaker>()
  readonly #queue: Upload[] = []
  #writing: Promise<void> | undefined
  /** So many backups make it worth looking for those whose owners have no channel any more. */
  #sweepAt: number

  private constructor(parts: BackupDeskParts, kept: Map<PublicKey, KeptBackup>) {
    this.#parts = parts
    this.#kept = kept
    this.#rate = new TokenBuckets(parts.clock, BACKUP_RATE)
    this.#sweepAt = kept.size + BACKUPS_UNOWNED_MAX
  }

  static async open(parts: BackupDeskParts): Promise<BackupDesk> {
    const kept = await parts.rows.list()
    return new BackupDesk(
      parts,
      new Map(kept.map(({ identity, version, digest }) => [identity, { version, digest }])),
    )
  }

  /**
   * Lets a client that has proved its identity begin a request; `end` is called when it is over.
   * Refused: `too_many_requests`, `hub_busy`.
   */
  begin(
    identity: PublicKey,
  ): { readonly end: () => void } | Rejection<'too_many_requests' | 'hub_busy'> {
    const speaker = this.#parts.channelOf(identity) ?? identity
    if (this.#underway.has(speaker) || !this.#rate.takes(speaker)) {
      return reject('too_many_requests', 'one request at a time, and in the long run one a second')
    }
    if (this.#underway.size >= BACKUP_REQUESTS_MAX) {
      return reject('hub_busy', 'too many backups are on their way; try again later')
    }
    this.#underway.add(speaker)
    return { end: () => void this.#underway.delete(speaker) }
  }

  /** Whether backups of this client are taken: it has a channel here. */
  serves(identity: PublicKey): boolean {
    return this.#parts.channelOf(identity) !== undefined
  }

  holds(identity: PublicKey): boolean {
    return this.#kept.has(identity)
  }

  /** Answers once the backup is on disk, or why it is not taken. */
  keep(row: BackupRow): Promise<KeepOutcome> {
    return new Promise((done) => {
      this.#queue.push({ row, done })
      this.#writing ??= this.#write()
    })
  }

  async sealed(identity: PublicKey): Promise<Uint8Array | undefined> {
    try {
      return await this.#parts.rows.sealed(identity)
    } catch (error) {
      if (error instanceof StoreFault && error.code === 'store_corrupt') this.#parts.onFault(error)
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#parts.rows.close()
  }

  /** What waits shares a transaction, and so one sync. */
  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeBatch(this.#queue.splice(0, BACKUP_BATCH_MAX))
      this.#writing = undefined
    } catch (fault) {
      // INV-43: nothing is written on top of a write that failed, and nobody is answered.
      this.#parts.onFault(fault)
    }
  }

  async #writeBatch(uploads: readonly Upload[]): Promise<void> {
    const newer = new Map<PublicKey, BackupRow>()
    const outcomes = uploads.map(({ row }) => {
      const kept = newer.get(row.identity) ?? this.#kept.get(row.identity)
      const weighed = weighBackup(kept, row)
      if (weighed === 'newer') newer.set(row.identity, row)
      return weighed === 'newer' || weighed === 'known' ? 'kept' : weighed
    })
    const dropped = this.#unowned(newer)
    if (newer.size > 0) await this.#parts.rows.commit([...newer.values()], dropped)
    for (const identity of dropped) this.#kept.delete(identity)
    for (const [identity, { version, digest }] of newer)
      this.#kept.set(identity, { version, digest })
    if (dropped.length > 0) this.#sweepAt = this.#kept.size + BACKUPS_UNOWNED_MAX
    for (const [i, { done }] of uploads.entries()) done(outcomes[i] ?? 'kept')
  }

  /**
   * Backups whose identity no channel goes by any more, when there may be many: somebody who attaches
   * one channel under ever new names fills no disk.
   */
  #unowned(newer: ReadonlyMap<PublicKey, BackupRow>): readonly PublicKey[] {
    if (this.#kept.size + newer.size <= this.#sweepAt) return []
    this.#sweepAt = this.#kept.size + newer.size + BACKUPS_UNOWNED_MAX
    return [...this.#kept.keys()].filter(
      (identity) => !newer.has(identity) && !this.serves(identity),
    )
  }
}
