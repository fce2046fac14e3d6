import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '@tallystick/client-sdk/node'
import { temporaryFolder } from '../settlement/data-folder.js'

test('a folder is made with those above it, or is there already', async (t) => {
  const path = join(temporaryFolder(t), 'a', 'b', 'c')
  await makeFolder(path)
  await makeFolder(path)
  assert.ok(statSync(path).isDirectory())
})

test('where a folder cannot be made, that is said at once', async (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  await assert.rejects(makeFolder(file), { code: 'EEXIST' })
  await assert.rejects(makeFolder(join(file, 'a')), { code: 'ENOTDIR' })
  // Of a system that has no such place, it is an ordinary folder that is missing.
  if (process.platform === 'linux') await assert.rejects(makeFolder('/proc/x'), { code: 'ENOENT' })
})
