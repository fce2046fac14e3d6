import type { Entrusted } from '@tallystick/protocol'
import {
  type AppointmentRecord,
  decodeRecord,
  encodeRecord,
  type RecordName,
  recordName,
} from '#watchtower/core/appointment-record.js'
import { entryOf, type TowerStore } from '#watchtower/store/tower-store.js'
import type { Incarnation } from './incarnation.js'
import type { VirtualDisk } from './virtual-disk.js'

/** What lies on a tower's disk. */
export class TowerRecords {
  appointments = new Map<RecordName, Uint8Array>()
  watched = new Set<RecordName>()
  height = -1

  /** As a backup would have it. */
  copy(): TowerRecords {
    const copy = new TowerRecords()
    copy.appointments = new Map(this.appointments)
    copy.watched = new Set(this.watched)
    copy.height = this.height
    return copy
  }

  all(): AppointmentRecord[] {
    return [...this.appointments.values()].map(decodeRecord)
  }
}

/** A tower's store for one life of its process. `onStored` hears what is on the disk for good. */
export function virtualTowerStore(
  life: Incarnation,
  disk: VirtualDisk,
  records: TowerRecords,
  onStored: (entrusted: Entrusted) => void,
): TowerStore {
  const recordIn = (name: RecordName): AppointmentRecord[] => {
    const bytes = records.appointments.get(name)
    return bytes === undefined ? [] : [decodeRecord(bytes)]
  }
  return {
    load: async () => ({
      entries: records.all().map(entryOf),
      watched: new Set(records.watched),
      height: records.height,
    }),
    records: async (names) =>
      new Map(names.flatMap(recordIn).map((record) => [recordName(record.entrusted), record])),
    write: ({ put, remove }) =>
      disk.transact(life, () => {
        for (const record of put) {
          records.appointments.set(recordName(record.entrusted), encodeRecord(record))
          onStored(record.entrusted)
        }
        for (const name of remove) {
          records.appointments.delete(name)
          records.watched.delete(name)
        }
      }),
    watch: (names, height) =>
      disk.transact(life, () => {
        for (const name of names) records.watched.add(name)
        if (height !== undefined) records.height = height
      }),
    unwatch: (name) => disk.transact(life, () => records.watched.delete(name)),
    close: async () => undefined,
  }
}
