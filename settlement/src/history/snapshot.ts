import {
  type Block,
  blockCodec,
  byteString,
  type Codec,
  chainIdOf,
  checkCertificate,
  compareBytes,
  type Decoded,
  decode,
  encode,
  equalBytes,
  followHandovers,
  type Genesis,
  genesisCodec,
  type Handover,
  handoverCodec,
  holdsTransactions,
  integer,
  isRejection,
  list,
  STATE_ENTRIES,
  struct,
  toHex,
} from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { LedgerFault } from '../ledger-fault.js'
import { SNAPSHOT_PAGE_BYTES, SNAPSHOT_PAGE_ENTRIES_MAX } from '../limits.js'
import { entryKindOf } from '../state/entry-kind.js'
import type { LedgerState } from '../state/ledger-state.js'
import { changedKey, stateChanges } from '../state/state-changes.js'
import { type EntryRow, entryRows } from '../store/entry-row.js'
import type { StoredEntry } from '../store/ledger-store.js'

/** Raised with every change of the layouts below, or of an entry of the state. */
const SNAPSHOT_FORMAT = 1
/** A head that is larger than a record cannot be written; this many never come near in practice. */
const HANDOVERS_MAX = 8_192
/** Of an entry's key or value: none comes near. */
const PART_BYTES_MAX = 1_048_576

/** The first record of a snapshot. */
const snapshotHeadCodec = struct({
  format: integer(2 ** 16 - 1, 1),
  genesis: genesisCodec,
  /** The block that the state stands under, with its certificate. */
  block: blockCodec,
  /** Those up to it, the oldest first: they lead to who certified it (PAR-5). */
  handovers: list(handoverCodec, HANDOVERS_MAX),
  /** Entries in all the records that follow. */
  entries: integer(Number.MAX_SAFE_INTEGER),
})
/** Each record after it: entries in ascending order of their state keys. */
const snapshotPageCodec = list(
  struct({
    kind: integer(255),
    key: byteString(PART_BYTES_MAX),
    value: byteString(PART_BYTES_MAX),
  }),
  SNAPSHOT_PAGE_ENTRIES_MAX,
  1,
)
type SnapshotPage = Decoded<typeof snapshotPageCodec>

/** A snapshot whose head was checked; its entries were not looked at. */
export type Snapshot = {
  readonly genesis: Genesis
  readonly block: Block
  readonly handovers: readonly Handover[]
  readonly entries: number
  /** File or address, for people. */
  readonly where: string
  readonly pages: AsyncGenerator<Uint8Array>
}

/** The records of a snapshot of a whole state and the block that it stands under. */
export async function* snapshotRecords(
  head: Pick<Snapshot, 'genesis' | 'block' | 'handovers' | 'entries'>,
  stored: AsyncIterable<readonly StoredEntry[]>,
): AsyncGenerator<Uint8Array> {
  yield encode(snapshotHeadCodec, { format: SNAPSHOT_FORMAT, ...head })
  let page: SnapshotPage[number][] = []
  let bytes = 0
  for await (const some of stored) {
    for (const { kind, entryKey, value } of some) {
      page.push({ kind: STATE_ENTRIES[kind].byte, key: entryKey, value })
      bytes += entryKey.length + value.length
      if (bytes < SNAPSHOT_PAGE_BYTES && page.length < SNAPSHOT_PAGE_ENTRIES_MAX) continue
      yield encode(snapshotPageCodec, page)
      page = []
      bytes = 0
    }
  }
  if (page.length > 0) yield encode(snapshotPageCodec, page)
}

/**
 * Reads the head of a snapshot: its block is of the chain of its genesis, certified by the validators
 * that its handovers lead to from there, and whole. Throws `snapshot_refused`. Whether it is the chain
 * that is meant, the caller has to know.
 */
export async function openSnapshot(
  records: AsyncGenerator<Uint8Array>,
  where: string,
): Promise<Snapshot> {
  const first = await records.next()
  const head = first.done ? undefined : decode(snapshotHeadCodec, first.value)
  if (head === undefined || isRejection(head)) {
    throw refused(where, `its head is malformed: ${head?.detail ?? 'it is empty'}`)
  }
  const { format, genesis, block, handovers, entries } = head as Decoded<typeof snapshotHeadCodec>
  if (format !== SNAPSHOT_FORMAT) {
    throw refused(where, `format ${SNAPSHOT_FORMAT} can be read, this has ${format}`)
  }
  const { header, certificate, transactions } = block
  if (header.chainId !== chainIdOf(genesis)) {
    throw refused(where, `block ${header.height} is not of the chain of its genesis`)
  }
  // Only the genesis is known by its hash: a snapshot's own parameters could name anybody.
  const eras = followHandovers(genesis, handovers)
  if (isRejection(eras)) throw refused(where, `its handovers: ${eras.code}: ${eras.detail}`)
  const parameters = eras[header.revision]
  if (parameters === undefined || handovers.some((one) => one.header.height > header.height)) {
    throw refused(where, `its handovers do not lead to block ${header.height}`)
  }
  const uncertified = checkCertificate(header, certificate, parameters)
  if (uncertified !== undefined) throw refused(where, `${uncertified.code}: ${uncertified.detail}`)
  if (!holdsTransactions(header, transactions)) {
    throw refused(where, `wrong_transaction_root: block ${header.height} holds other transactions`)
  }
  return { genesis, block, handovers, entries, where, pages: records }
}

/**
 * The entries of a snapshot as they are stored, each checked, and put into an empty `state`. Throws
 * `snapshot_refused` at the first that is wrong, or at the end when they are not the state that the
 * block's header names: nothing of them may be used before the end.
 */
export async function* verifiedEntries(
  { block, handovers, entries, where, pages }: Snapshot,
  state: LedgerState,
): AsyncGenerator<readonly EntryRow[]> {
  let last: Uint8Array = new Uint8Array()
  let position = 0
  for await (const record of pages) {
    const page = decode(snapshotPageCodec, record)
    if (isRejection(page)) throw refused(where, `after entry ${position}: ${page.detail}`)
    const writes = (page as SnapshotPage).map((entry, at) => {
      return readEntry(entry, `${where}: entry ${position + at}`)
    })
    const changes = stateChanges(writes)
    for (const at of writes.keys()) {
      const key = changedKey(changes, at)
      if (compareBytes(last, key) >= 0) throw refused(where, `entry ${position} is out of order`)
      last = key
      position++
    }
    if (position > entries) throw refused(where, `it has more than the ${entries} entries it names`)
    state.restore(changes)
    yield entryRows(writes, changes).put
  }
  const { height, stateRoot } = block.header
  if (position !== entries || !equalBytes(state.root, stateRoot)) {
    throw refused(
      where,
      `wrong_state_root: ${position} of ${entries} entries lead to ${toHex(state.root)}, block ${height} says ${toHex(stateRoot)}`,
    )
  }
  const { revision } = parametersInForce(state, height + 1)
  if (handovers.length === revision) return
  throw refused(where, `it has ${handovers.length} handovers, ${revision} lead to its parameters`)
}

function readEntry({ kind: byte, key, value }: SnapshotPage[number], where: string): StateWrite {
  const kind = entryKindOf(byte)
  if (kind === undefined) throw refused(where, `there is no kind ${byte}`)
  const codecs = STATE_ENTRIES[kind]
  const readKey = decode(codecs.key as Codec<StateWrite['key']>, key)
  const readValue = decode(codecs.value as Codec<StateWrite['value']>, value)
  if (isRejection(readKey) || isRejection(readValue)) throw refused(where, `it is no ${kind}`)
  // The kind chose both codecs, so the three belong together.
  return { kind, key: readKey, value: readValue } as StateWrite
}

function refused(where: string, why: string): LedgerFault {
  return new LedgerFault('snapshot_refused', `${where}: ${why}`)
}
