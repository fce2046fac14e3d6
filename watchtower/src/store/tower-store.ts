import type { ChannelNumber, PublicKey, Timestamp } from '@tallystick/protocol'
import { type AppointmentRecord, type RecordName, recordName } from '../core/appointment-record.js'

/** What is known of a record without reading it. */
export type RecordEntry = {
  readonly name: RecordName
  readonly number: ChannelNumber
  /** The channel key of the owner. */
  readonly key: PublicKey
  readonly validUntil: Timestamp
}

/** A change of records, all of it or nothing. */
export type RecordWrites = {
  readonly put: readonly AppointmentRecord[]
  readonly remove: readonly RecordName[]
}

/**
 * Where a tower keeps what it is entrusted with, for one process. What a method has promised survives
 * power loss; a method that fails leaves the store in doubt, and the process must end.
 */
export type TowerStore = {
  /** All entries; which channels may be closing; the height up to which that was noted, or -1. */
  load(): Promise<{
    readonly entries: readonly RecordEntry[]
    readonly watched: ReadonlySet<RecordName>
    readonly height: number
  }>
  /** Those of the records that there are. */
  records(names: readonly RecordName[]): Promise<ReadonlyMap<RecordName, AppointmentRecord>>
  write(writes: RecordWrites): Promise<void>
  /** These channels were changed by blocks up to `height`; absent: up to which one is not known yet. */
  watch(names: readonly RecordName[], height: number | undefined): Promise<void>
  /** Nobody has closed the channel alone. */
  unwatch(name: RecordName): Promise<void>
  close(): Promise<void>
}

/** The entry of a record. */
export function entryOf(record: AppointmentRecord): RecordEntry {
  const { channel, entrusted } = record
  return {
    name: recordName(entrusted),
    number: channel.number,
    key: channel[entrusted.owner].key,
    validUntil: entrusted.appointment.validUntil,
  }
}
