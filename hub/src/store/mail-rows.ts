import {
  type RowWrite,
  SealedDatabase,
  type SealedTable,
  type StoredRow,
  storedBytes,
  storedNumber,
} from '@tallystick/client-sdk/node'
import {
  type ChainId,
  fromHex,
  type LetterId,
  type PublicKey,
  parseTimestamp,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'

/** Format of the file; one of another is refused by name. */
const MAIL_VERSION = 1
const ID_BYTES = 16

/** Which letters there are: read at the start, and held to the mark. */
const KEPT: SealedTable = {
  name: 'letter',
  kind: 'live',
  columns: [
    { name: 'recipient', type: 'BLOB' },
    { name: 'id', type: 'BLOB' },
    { name: 'sender', type: 'BLOB' },
    { name: 'expiry', type: 'INTEGER' },
    { name: 'bytes', type: 'INTEGER' },
  ],
  keys: 2,
}
/** Their bytes, which are read only when they are delivered. */
const SEALED: SealedTable = {
  name: 'letter_bytes',
  kind: 'history',
  columns: [
    { name: 'recipient', type: 'BLOB' },
    { name: 'id', type: 'BLOB' },
    { name: 'return_address', type: 'BLOB' },
    { name: 'letter', type: 'BLOB' },
  ],
  keys: 2,
}

const ADVICE =
  'put the newest copy back, or remove the file, its "-wal" and its mark: senders send again what is not answered'

/** Where a letter lies. */
export type LetterPlace = { readonly recipient: PublicKey; readonly id: LetterId }

/** What is known of a letter without reading it. */
export type LetterNote = LetterPlace & {
  /** What tells its sender from others, and names nobody. */
  readonly sender: string
  /** Ledger time until which it is kept. */
  readonly expiry: Timestamp
  readonly bytes: number
}

/** A letter as it is delivered. */
export type KeptLetter = {
  readonly id: LetterId
  readonly returnAddress: Uint8Array
  readonly letter: Uint8Array
}

/**
 * The letters of clients on disk, in a file of their own: nobody's payment waits for them, and they may be
 * removed without harm to any channel.
 */
export type MailRows = {
  /** Which letters there are. */
  list(): Promise<readonly LetterNote[]>
  /** What lies in the box of `recipient`. */
  read(recipient: PublicKey): Promise<readonly KeptLetter[]>
  /** One transaction; when the promise is kept, it is synced to disk. */
  commit(put: readonly (LetterNote & KeptLetter)[], removed: readonly LetterPlace[]): Promise<void>
  close(): Promise<void>
}

/** Opens (or creates) the mail of a hub on `chainId`, for this process alone. Errors: `StoreFault`. */
export async function openMailRows(path: string, chainId: ChainId): Promise<MailRows> {
  const database = await SealedDatabase.open({
    path,
    owner: chainId,
    format: MAIL_VERSION,
    tables: [KEPT, SEALED],
    advice: { copy: ADVICE, damage: ADVICE },
    unmarked: 'made',
  })
  return {
    list: async () => {
      const found: LetterNote[] = []
      for await (const rows of database.scan(KEPT)) found.push(...rows.map(noteOf))
      return found
    },
    read: async (recipient) => (await database.lookup(SEALED, [[fromHex(recipient)]])).map(keptOf),
    commit: (put, removed) =>
      database.commit([...put.flatMap(putOf), ...removed.flatMap(removeOf)]),
    close: () => database.close(),
  }
}

function noteOf(row: StoredRow): LetterNote {
  return {
    recipient: toHex(storedBytes(row, 'recipient', 32)) as PublicKey,
    id: toHex(storedBytes(row, 'id', ID_BYTES)) as LetterId,
    sender: toHex(storedBytes(row, 'sender', ID_BYTES)),
    expiry: storedNumber(row, 'expiry', parseTimestamp, 'the expiry of a letter'),
    bytes: storedNumber(row, 'bytes', parseSize, 'the size of a letter'),
  }
}

function keptOf(row: StoredRow): KeptLetter {
  return {
    id: toHex(storedBytes(row, 'id', ID_BYTES)) as LetterId,
    returnAddress: storedBytes(row, 'return_address'),
    letter: storedBytes(row, 'letter'),
  }
}

function parseSize(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function putOf(letter: LetterNote & KeptLetter): RowWrite[] {
  const key = [fromHex(letter.recipient), fromHex(letter.id)]
  const { sender, expiry, bytes, returnAddress } = letter
  return [
    { kind: 'put', table: KEPT, values: [...key, fromHex(sender), expiry, bytes] },
    { kind: 'put', table: SEALED, values: [...key, returnAddress, letter.letter] },
  ]
}

function removeOf({ recipient, id }: LetterPlace): RowWrite[] {
  const key = [fromHex(recipient), fromHex(id)]
  return [
    { kind: 'remove', table: KEPT, key },
    { kind: 'remove', table: SEALED, key },
  ]
}
