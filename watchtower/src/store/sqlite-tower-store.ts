import { StoreFault } from '@tallystick/client-sdk'
import {
  type RowWrite,
  SealedDatabase,
  type SealedTable,
  type StoredRow,
  storedBytes,
  storedText,
} from '@tallystick/client-sdk/node'
import {
  type ChainId,
  type ChannelId,
  fromHex,
  type PublicKey,
  type Role,
  toHex,
} from '@tallystick/protocol'
import {
  type AppointmentRecord,
  decodeRecord,
  encodeRecord,
  type RecordName,
  recordName,
} from '../core/appointment-record.js'
import { entryOf, type RecordEntry, type TowerStore } from './tower-store.js'

/** Format of the file; one of another is refused by name. */
const STORE_VERSION = 2

const META: SealedTable = {
  name: 'meta',
  kind: 'live',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'value', type: 'TEXT' },
  ],
  keys: 1,
}
const APPOINTMENT: SealedTable = {
  name: 'appointment',
  kind: 'live',
  columns: [
    { name: 'channel', type: 'BLOB' },
    { name: 'owner', type: 'TEXT' },
    { name: 'record', type: 'BLOB' },
  ],
  keys: 2,
}
/** Appointments whose channels may be closing. */
const WATCHED: SealedTable = {
  name: 'watched',
  kind: 'live',
  columns: [
    { name: 'channel', type: 'BLOB' },
    { name: 'owner', type: 'TEXT' },
  ],
  keys: 2,
}

/**
 * Opens (or creates) the file of the tower `tower` on `chainId`, for this process alone. `isRestored`:
 * a copy that may be old is taken as it is (JRN-6). Errors: `StoreFault`.
 */
export async function openSqliteTowerStore(
  path: string,
  {
    chainId,
    tower,
    isRestored = false,
  }: {
    readonly chainId: ChainId
    readonly tower: PublicKey
    readonly isRestored?: boolean
  },
): Promise<TowerStore> {
  const database = await SealedDatabase.open({
    path,
    ...{ owner: `watchtower of chain ${chainId}`, key: tower },
    format: STORE_VERSION,
    tables: [META, APPOINTMENT, WATCHED],
    unmarked: 'made',
    advice: {
      copy: 'put the newest copy back, or have "watchtower run --restored" take it as it is',
      damage:
        'put the newest copy back, or move it away with its "-wal" and its mark: without a store, owners that are there hand over anew',
    },
    // Old appointments are worth keeping: their owners hand over what is newer.
    ...(isRestored && { restored: { row: () => undefined } }),
  })
  const noteHeight = (height: number | undefined): RowWrite[] =>
    height === undefined ? [] : [{ kind: 'put', table: META, values: ['height', String(height)] }]
  return {
    load: () => load(database),
    records: async (names) => {
      const records = (await database.lookup(APPOINTMENT, names.map(keyOf))).map(recordIn)
      return new Map(records.map((record) => [recordName(record.entrusted), record]))
    },
    write: ({ put, remove }) =>
      database.commit([
        ...put.map((record): RowWrite => {
          const key = keyOf(recordName(record.entrusted))
          return { kind: 'put', table: APPOINTMENT, values: [...key, encodeRecord(record)] }
        }),
        ...remove.flatMap((name): RowWrite[] =>
          [APPOINTMENT, WATCHED].map((table) => ({ kind: 'remove', table, key: keyOf(name) })),
        ),
      ]),
    watch: (names, height) =>
      database.commit([
        ...names.map((name): RowWrite => {
          return { kind: 'put', table: WATCHED, values: keyOf(name) }
        }),
        ...noteHeight(height),
      ]),
    unwatch: (name) => database.commit([{ kind: 'remove', table: WATCHED, key: keyOf(name) }]),
    close: () => database.close(),
  }
}

async function load(database: SealedDatabase): ReturnType<TowerStore['load']> {
  const entries: RecordEntry[] = []
  for await (const rows of database.scan(APPOINTMENT)) {
    for (const row of rows) entries.push(entryOf(recordIn(row)))
  }
  const watched = new Set<RecordName>()
  for await (const rows of database.scan(WATCHED)) {
    for (const row of rows) watched.add(nameIn(row))
  }
  const [height] = await database.lookup(META, [['height']])
  return {
    ...{ entries, watched },
    height: height === undefined ? -1 : storedText(height, 'value', parseHeight, 'a height'),
  }
}

function recordIn(row: StoredRow): AppointmentRecord {
  try {
    return decodeRecord(storedBytes(row, 'record'))
  } catch (cause) {
    throw new StoreFault('store_corrupt', 'a stored appointment cannot be read', cause)
  }
}

function nameIn(row: StoredRow): RecordName {
  const channel = toHex(storedBytes(row, 'channel', 32)) as ChannelId
  return recordName({ channel, owner: storedText(row, 'owner', parseRole, 'a side') })
}

function parseRole(text: string): Role | undefined {
  return text === 'client' || text === 'hub' ? text : undefined
}

function parseHeight(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined
}

function keyOf(name: RecordName): [channel: Uint8Array, owner: string] {
  const [channel = '', owner = ''] = name.split(':')
  return [fromHex(channel as ChannelId), owner]
}
