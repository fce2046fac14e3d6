import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  byteString,
  COUNTER_MAX,
  decode,
  encode,
  integer,
  isRejection,
  struct,
  text,
  toHex,
  utf8,
} from '@tallystick/protocol'
import { headOf, type Seal } from '../store/seal.js'
import { StoreFault } from '../store/store-fault.js'
import { isOrderedKind, type RecordKind, type StoredRecord } from '../store/wallet-store.js'
import { openBox, sealBox } from './vault.js'

/** Bytes of one record, far above what a wallet writes. */
const RECORD_BYTES_MAX = 2 ** 24
/** Hex digits of a place: 16 bytes. */
const PLACE_DIGITS = 32

const recordCodec = struct({ key: text(4_096), value: byteString(RECORD_BYTES_MAX) })
const sealCodec = struct({
  ...{
    format: integer(COUNTER_MAX),
    owner: text(64),
    id: text(32),
    sequence: integer(COUNTER_MAX),
  },
  ...{ previous: text(64), written: text(64), live: text(32), head: text(64) },
})

/** A place in a list, such as `paid/000000000000042`, by which a page of the list is found. */
const LIST_PLACE = /^[a-z]+\/[0-9]{15}$/

/**
 * How records lie in a browser (WEB-2): key and value sealed together under a place that tells nobody without the
 * key of the store what it is the place of, but for lists, whose places tell how much there is of each status.
 * A box opens only at its own place in its own store.
 */
export class SealedRecords {
  readonly #id: string
  readonly #boxKey: Uint8Array
  readonly #placeKey: Uint8Array

  /** `id`: of the vault that holds `key`. */
  constructor(id: string, key: Uint8Array) {
    this.#id = id
    this.#boxKey = hmac(sha256, key, utf8('tallystick records'))
    this.#placeKey = hmac(sha256, key, utf8('tallystick places'))
  }

  /** Where the record of a key lies. */
  placeOf(kind: RecordKind, key: string): string {
    if (isOrderedKind(kind) && LIST_PLACE.test(key)) return key
    return toHex(hmac(sha256, this.#placeKey, utf8(`${kind}\n${key}`))).slice(0, PLACE_DIGITS)
  }

  seal(kind: RecordKind, record: StoredRecord): Uint8Array {
    const name = this.#nameOf(kind, this.placeOf(kind, record.key))
    return sealBox(this.#boxKey, encode(recordCodec, record), name)
  }

  /** The record at a place. Throws `store_corrupt`. */
  open(kind: RecordKind, place: string, box: unknown): StoredRecord {
    const plain =
      box instanceof Uint8Array ? openBox(this.#boxKey, box, this.#nameOf(kind, place)) : undefined
    const record = plain && decode(recordCodec, plain)
    if (record === undefined || isRejection(record)) throw corrupt('a record')
    return record
  }

  sealHead(seal: Seal): Uint8Array {
    return sealBox(this.#boxKey, encode(sealCodec, seal), this.#nameOf('seal', ''))
  }

  /** The seal of the store. Throws `store_corrupt`. */
  openHead(box: unknown): Seal {
    const plain =
      box instanceof Uint8Array ? openBox(this.#boxKey, box, this.#nameOf('seal', '')) : undefined
    const seal = plain && decode(sealCodec, plain)
    if (seal === undefined || isRejection(seal) || headOf(seal) !== seal.head) {
      throw corrupt('the seal')
    }
    return seal
  }

  #nameOf(kind: RecordKind | 'seal', place: string): string {
    return `record ${this.#id} ${kind} ${place}`
  }
}

/** What somebody can do about it is the same for all damage. */
export function corrupt(what: string): StoreFault {
  const detail = `${what} of the wallet in this browser is not what was written: remove it, and restore it from its words`
  return new StoreFault('store_corrupt', detail)
}
