import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openDatabase } from '#client-sdk/node/sqlite-database.js'
import { writeFault } from '#client-sdk/node/write-fault.js'
import { temporaryFolder } from '../settlement/data-folder.js'

/** Nothing is forbidden to it. */
const IS_ROOT = process.getuid?.() === 0

function systemError(code: string): Error {
  return Object.assign(new Error('what the system says'), { code })
}

describe('a store that cannot be written says why', () => {
  test('by what system and SQLite call it', () => {
    for (const [code, why] of [
      ['ENOSPC', /no space left to write a\.db: make room/],
      ['SQLITE_FULL', /no space left to write a\.db: make room/],
      ['EACCES', /a\.db or its folder may not be written by this user/],
      ['EROFS', /a\.db or its folder may not be written by this user/],
      ['SQLITE_READONLY', /a\.db or its folder may not be written by this user/],
      ['EIO', /^a\.db cannot be written$/],
    ] as const) {
      const fault = writeFault('a.db', systemError(code))
      assert.equal(fault.code, 'store_failed')
      assert.match(fault.message, why)
    }
  })

  test('and not that the disk is broken, where its folder is read-only', {
    skip: IS_ROOT,
  }, async (context) => {
    const dir = temporaryFolder(context)
    const path = join(dir, 'store.db')
    await (await openDatabase(path)).close()
    for (const [folder, file] of [
      [0o500, 0o600],
      [0o500, 0o400],
      [0o700, 0o400],
    ] as const) {
      chmodSync(path, file)
      chmodSync(dir, folder)
      try {
        await assert.rejects(openDatabase(path), { code: 'store_failed', message: /by this user/ })
      } finally {
        chmodSync(dir, 0o700)
      }
    }
  })
})
