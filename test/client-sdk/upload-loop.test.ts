import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WalletError } from '@tallystick/client-sdk'
import { UploadLoop } from '#client-sdk/backup/upload-loop.js'

/** The codes of what an owner is told when one upload after the other fails so. */
async function toldOf(failures: readonly WalletError[]): Promise<unknown[]> {
  const told: unknown[] = []
  let due: () => void = () => undefined
  const loop = new UploadLoop(
    {
      nowMs: () => 0,
      after: (_, fire) => {
        due = fire
        return () => undefined
      },
    },
    () => Promise.reject(failures[uploads++]),
    (error) => told.push(error instanceof WalletError ? error.code : error),
  )
  let uploads = 0
  loop.changed(0)
  for (const _ of failures) {
    const before = uploads
    due()
    while (uploads === before) await Promise.resolve()
    await new Promise(setImmediate)
  }
  assert.equal(uploads, failures.length)
  return told
}

const failed = (code: string) => new WalletError(code, '', { retryable: true })

test('a backup that waits for a hub that is away is no news: its session tells of that', async () => {
  const failures = ['hub_disconnected', 'hub_unreachable', 'backup_failed', 'backup_failed']
  assert.deepEqual(await toldOf(failures.map(failed)), ['backup_failed'])
})
