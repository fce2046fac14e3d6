import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { StoreFault } from '@tallystick/client-sdk'
import { equalBytes, sha256 } from '@tallystick/protocol'
import type { PageShelf } from '../core/channel-pages.js'

/** Bytes from one page's place to the next; the file is sparse: what a page does not use takes no disk. */
const PLACE_BYTES = 65_536
/** Before its bytes: their length, and the first half of their SHA-256. */
const HEAD_BYTES = 4 + 16

/** The longest page that can be put there, bytes. */
export const SHELVED_BYTES_MAX = PLACE_BYTES - HEAD_BYTES

export type OpenedShelf = PageShelf & { close(): void }

/**
 * Pages of channels that rest, in a file at `path` that this process alone can reach and that is gone with
 * it: what counts is in the journal. A page that cannot be written stays where it is, in memory; `onTrouble`
 * is told so the first time. Throws what the file system does where the file cannot be made, and `store_failed`
 * where it does not give back what was put there: the next start makes another one from the journal.
 *
 * Reading and writing wait for the system's memory of the file, or for its disk. A page of 8 kB was measured
 * at 8 us to put and 12 us to take (99 of 100 in 0.1 ms), from a disk that had to look for it 0.13 ms (1 ms):
 * a batch that asks for a thousand of these stands still for a tenth of a second.
 */
export function openPageShelf(path: string, onTrouble: (detail: string) => void): OpenedShelf {
  const file = openSync(path, 'w+', 0o600)
  unlinkSync(path)
  const place = new Uint8Array(PLACE_BYTES)
  const view = new DataView(place.buffer)
  let isTold = false
  const refuse = (why: string) => {
    if (!isTold) onTrouble(`${path} takes no page (${why}): channels that rest stay in memory`)
    isTold = true
    return false
  }
  return {
    put: (page, bytes) => {
      if (bytes.length > SHELVED_BYTES_MAX) return false
      view.setUint32(0, bytes.length)
      place.set(digestOf(bytes), 4)
      place.set(bytes, HEAD_BYTES)
      const length = HEAD_BYTES + bytes.length
      try {
        const written = writeSync(file, place, 0, length, page * PLACE_BYTES)
        return written === length || refuse(`${written} of ${length} bytes`)
      } catch (error) {
        return refuse(String(error))
      }
    },
    take: (page) => {
      const read = readPlace(file, place, page * PLACE_BYTES)
      const length = view.getUint32(0)
      const isThere = read >= HEAD_BYTES && length <= read - HEAD_BYTES
      const bytes = place.slice(HEAD_BYTES, isThere ? HEAD_BYTES + length : HEAD_BYTES)
      if (isThere && equalBytes(digestOf(bytes), place.subarray(4, HEAD_BYTES))) return bytes
      const detail = `${path}: a page of resting channels is not what was put there; start again`
      throw new StoreFault('store_failed', detail)
    },
    close: () => closeSync(file),
  }
}

/** How many bytes there were. Throws `store_failed`. */
function readPlace(file: number, place: Uint8Array, from: number): number {
  try {
    return readSync(file, place, 0, PLACE_BYTES, from)
  } catch (cause) {
    throw new StoreFault('store_failed', 'a page of resting channels cannot be read', cause)
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return sha256(bytes).subarray(0, 16)
}
