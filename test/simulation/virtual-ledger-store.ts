import {
  channelTotal,
  decodeTrusted,
  isClosing,
  STATE_ENTRIES,
  type TxId,
  toHex,
} from '@tallystick/protocol'
import type {
  BlockCommit,
  BlockRow,
  EntryBatch,
  EntryOwners,
  LedgerStore,
  PendingRow,
  Position,
  StoredEntry,
} from '#settlement/store/ledger-store.js'
import type { Incarnation } from './incarnation.js'
import type { VirtualDisk } from './virtual-disk.js'

type Row = StoredEntry & EntryOwners

/** What lies on a ledger node's disk. */
export class LedgerRecords {
  chainId: string | undefined
  /** By the hex of their place in the state tree. */
  readonly entries = new Map<string, Row>()
  readonly blocks: BlockRow[] = []
  readonly positions = new Map<TxId, Position>()
  pending = new Map<TxId, PendingRow>()
}

/** A ledger's store for one life of its node, without what only operators and indexes ask for. */
export function virtualLedgerStore(
  life: Incarnation,
  disk: VirtualDisk,
  records: LedgerRecords,
): LedgerStore {
  const put = (row: Row) => records.entries.set(toHex(row.key), row)
  const commitBlock = (commit: BlockCommit) => {
    for (const row of commit.put) put(row)
    for (const key of commit.remove) records.entries.delete(toHex(key))
    const { height } = commit
    for (const [position, id] of commit.transactions.entries()) {
      records.positions.set(id, { height, position })
    }
    records.blocks.push(commit)
    for (const id of commit.settled) records.pending.delete(id)
  }
  const listed = async (isWanted: (row: Row) => boolean) =>
    [...records.entries.values()].filter(isWanted)
  return {
    index: {
      position: async (id) => records.positions.get(id),
      spendOf: notSimulated,
      usesOf: notSimulated,
    },
    chainId: async () => records.chainId,
    begin: (chainId, entries) =>
      disk.transact(life, () => {
        records.chainId = chainId
        for (const row of entries) put(row)
      }),
    entryCount: async () => records.entries.size,
    entries: () => batchOf([...records.entries].sort(([a], [b]) => (a < b ? -1 : 1))),
    tip: async () => records.blocks.at(-1),
    commitBlock: (commit) => disk.transact(life, () => commitBlock(commit)),
    firstHeight: async () => 1,
    addPending: (rows) =>
      disk.transact(life, () => {
        for (const row of rows) records.pending.set(row.id, row)
      }),
    pending: async () => [...records.pending.values()],
    block: async (height) => records.blocks[height - 1],
    handovers: async () => [],
    coinsOf: (lock) =>
      listed((row) => row.kind === 'coin' && row.lock !== null && toHex(row.lock) === lock),
    channelsOf: (key) =>
      listed(({ kind, clientKey, hubKey }) => {
        const keys = [clientKey, hubKey].map((bytes) => (bytes === null ? '' : toHex(bytes)))
        return kind === 'channel' && keys.includes(key)
      }),
    beginAt: notSimulated,
    removeBlocks: notSimulated,
    compact: notSimulated,
    fileDamage: notSimulated,
    ownedEntries: notSimulated,
    indexCounts: notSimulated,
    channelUses: notSimulated,
    blocks: notSimulated,
    blocksDown: notSimulated,
    close: async () => undefined,
  }
}

function notSimulated(): never {
  throw new Error('nobody in the simulation asks a ledger for this')
}

async function* batchOf(rows: readonly (readonly [string, Row])[]): AsyncIterable<EntryBatch> {
  const of = (field: 'key' | 'entryKey' | 'value') =>
    Uint8Array.from(rows.flatMap(([, row]) => [...row[field]]))
  const lengths = (field: 'entryKey' | 'value') =>
    Uint32Array.from(rows.map(([, row]) => row[field].length))
  yield {
    count: rows.length,
    keys: of('key'),
    kinds: Uint8Array.from(rows.map(([, { kind }]) => STATE_ENTRIES[kind].byte)),
    entryKeys: of('entryKey'),
    entryKeyLengths: lengths('entryKey'),
    values: of('value'),
    valueLengths: lengths('value'),
  }
}

/** Every coin and channel that lies there, and what was burnt of asset 0. */
export function worthOf(records: LedgerRecords) {
  let [coins, channels, burnt] = [0n, 0n, 0n]
  for (const { kind, value } of records.entries.values()) {
    if (kind === 'coin') coins += decodeTrusted(STATE_ENTRIES.coin.value, value).amount
    if (kind === 'asset') burnt += decodeTrusted(STATE_ENTRIES.asset.value, value).burnt
    if (kind === 'channel') {
      const channel = decodeTrusted(STATE_ENTRIES.channel.value, value)
      channels += channelTotal(channel)
      if (isClosing(channel)) channels -= channel.status.paidClient + channel.status.paidHub
    }
  }
  return { coins, channels, burnt }
}
