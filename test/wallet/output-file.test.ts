import assert from 'node:assert/strict'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readBundleFile } from '#wallet/cli/open-bundle.js'
import { checkOutput } from '#wallet/cli/output-file.js'
import { writeWhole } from '#wallet/cli/write-whole.js'
import { temporaryFolder } from '../settlement/data-folder.js'

/** The files of a wallet, and what an output is checked against there. */
function walletFolder(t: TestContext) {
  const dir = temporaryFolder(t)
  const at = (name: string) => join(dir, name)
  for (const name of ['w.keys', 'w.db', 'w.db.mark', 'other.db']) writeFileSync(at(name), name)
  const place = { keys: at('w.keys'), store: at('w.db') }
  const replace = (out: string) => checkOutput(out, place, readBundleFile)
  return { dir, at, place, replace }
}

test('nothing is written over what a wallet lives by, whatever name it goes by', async (t) => {
  const { at, replace } = walletFolder(t)
  symlinkSync(at('.'), at('here'))
  linkSync(at('w.keys'), at('hard'))
  const own = ['w.keys', 'w.db', 'w.db.mark', 'w.db-wal', 'w.db-shm', 'w.db-journal']
  for (const name of [...own, 'hard', join('here', 'w.keys'), join('here', 'w.db-wal')]) {
    await assert.rejects(replace(at(name)), { code: 'file_of_wallet' }, name)
  }
})

test('nothing is written over a link, a folder or a device', async (t) => {
  const { at, replace } = walletFolder(t)
  symlinkSync(at('w.keys'), at('alias'))
  symlinkSync(at('nowhere'), at('dangling'))
  mkdirSync(at('folder'))
  for (const out of [at('alias'), at('dangling'), at('folder'), '/dev/null']) {
    await assert.rejects(replace(out), { code: 'file_not_regular' }, out)
  }
})

test('a file that is there is replaced only when told, and only by what it is itself', async (t) => {
  const { at, place, replace } = walletFolder(t)
  await assert.rejects(checkOutput(at('other.db'), place), { code: 'file_exists' })
  await assert.rejects(replace(at('other.db')), { code: 'file_not_replaced' })
  await checkOutput(at('new'), place)
  await checkOutput(at('other.db'), place, async () => 'such a file')
})

test('a file is written whole, for its owner alone, past any that lies beside it', async (t) => {
  const { dir, at } = walletFolder(t)
  writeFileSync(at('out.new'), 'mine')
  await writeWhole(at('out'), Uint8Array.of(1))
  await writeWhole(at('out'), Uint8Array.of(2))
  assert.equal(lstatSync(at('out')).mode & 0o777, 0o600)
  assert.deepEqual(new Uint8Array(readFileSync(at('out'))), Uint8Array.of(2))
  assert.equal(readFileSync(at('out.new'), 'utf8'), 'mine')
  mkdirSync(at('folder'))
  await assert.rejects(writeWhole(at('folder'), Uint8Array.of(3)))
  const names = ['folder', 'other.db', 'out', 'out.new', 'w.db', 'w.db.mark', 'w.keys']
  assert.deepEqual(readdirSync(dir).sort(), names)
})
