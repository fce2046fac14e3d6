import type { SealedTable } from '@tallystick/client-sdk/node'

/** Format of the file; a journal of another one is refused by name. */
export const JOURNAL_VERSION = 13

export const META: SealedTable = {
  name: 'meta',
  kind: 'live',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'value', type: 'TEXT' },
  ],
  keys: 1,
}
/** What each batch wrote, as long as a page or a table does not have it (JRN-9). */
export const LOG: SealedTable = {
  name: 'log',
  kind: 'live',
  columns: [
    { name: 'sequence', type: 'INTEGER' },
    { name: 'record', type: 'BLOB' },
  ],
  keys: 1,
}
/** Sixteen channels each, and the last record that is in them. */
export const PAGE: SealedTable = {
  name: 'page',
  kind: 'live',
  columns: [
    { name: 'number', type: 'INTEGER' },
    { name: 'sequence', type: 'INTEGER' },
    { name: 'channels', type: 'BLOB' },
  ],
  keys: 1,
}
export const JOB: SealedTable = {
  name: 'job',
  kind: 'live',
  columns: [
    { name: 'id', type: 'BLOB' },
    { name: 'bytes', type: 'BLOB' },
  ],
  keys: 1,
}
export const PAYMENT: SealedTable = {
  name: 'payment',
  kind: 'history',
  columns: [
    { name: 'anchor', type: 'BLOB' },
    { name: 'time', type: 'INTEGER' },
    { name: 'payment', type: 'BLOB' },
  ],
  keys: 1,
  listedBy: ['time', 'anchor'],
  order: 'written',
}
export const REVEAL: SealedTable = {
  name: 'reveal',
  kind: 'history',
  columns: [{ name: 'anchor', type: 'BLOB' }],
  keys: 1,
}

export const JOURNAL_TABLES: readonly SealedTable[] = [META, LOG, PAGE, JOB, PAYMENT, REVEAL]
