import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { equalBytes, invariant, sha256 } from '@tallystick/protocol'
import type { PageShelf } from '../core/channel-pages.js'

/** Bytes from one page's place to the next; the file is sparse: what a page does not use takes no disk. */
const PLACE_BYTES = 65_536
/** Before its bytes: their length, and the first half of their SHA-256. */
const HEAD_BYTES = 4 + 16

/** The longest page that can be put there, bytes. */
export const SHELVED_BYTES_MAX = PLACE_BYTES - HEAD_BYTES

/**
 * Pages of channels that rest, in a file at `path` that this process alone can reach and that is gone with
 * it: what counts is in the journal. Reading and writing wait for the system's memory of the file, or for its
 * disk: some 10 us, a millisecond where it was long ago. Throws what the file system does.
 */
export function openPageShelf(path: string): PageShelf & { close(): void } {
  const file = openSync(path, 'w+', 0o600)
  unlinkSync(path)
  const place = new Uint8Array(PLACE_BYTES)
  const view = new DataView(place.buffer)
  return {
    put: (page, bytes) => {
      if (bytes.length > SHELVED_BYTES_MAX) return false
      view.setUint32(0, bytes.length)
      place.set(digestOf(bytes), 4)
      place.set(bytes, HEAD_BYTES)
      const length = HEAD_BYTES + bytes.length
      return writeSync(file, place, 0, length, page * PLACE_BYTES) === length
    },
    take: (page) => {
      const read = readSync(file, place, 0, PLACE_BYTES, page * PLACE_BYTES)
      const length = view.getUint32(0)
      const isThere = read >= HEAD_BYTES && length <= read - HEAD_BYTES
      const bytes = place.slice(HEAD_BYTES, isThere ? HEAD_BYTES + length : HEAD_BYTES)
      const isWhole = isThere && equalBytes(digestOf(bytes), place.subarray(4, HEAD_BYTES))
      invariant(isWhole, 'a page of resting channels is what was put on the disk')
      return bytes
    },
    close: () => closeSync(file),
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return sha256(bytes).subarray(0, 16)
}
