import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readdirSync, readlinkSync } from 'node:fs'

/** A device that every write to fails with ENOSPC; Linux has one. */
export const FULL_DEVICE = '/dev/full'
export const HAS_FULL_DEVICE = existsSync(FULL_DEVICE)

/** Has the open file at `path` be a device that is always full: its descriptor leads there from now on. */
export function fillDisk(path: string): void {
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      // The descriptor that the folder was read with is closed by now.
      return false
    }
  })
  assert.equal(descriptors.length, 1)
  closeSync(Number(descriptors[0]))
  assert.equal(openSync(FULL_DEVICE, 'r+'), Number(descriptors[0]))
}
