import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../settlement/data-folder.js'
import { walletCommand } from './wallet-command.js'

/** A folder with the files of a wallet; no ledger answers, so that nothing is written for another reason. */
function walletFolder(t: TestContext) {
  const dir = temporaryFolder(t)
  const [keys, store] = [join(dir, 'w.keys'), join(dir, 'w.db')]
  writeFileSync(keys, `${'abandon '.repeat(11)}about\n`, { mode: 0o600 })
  writeFileSync(store, 'a store')
  const placeOf = (file: string) => {
    return ['--keys', keys, '--store', file, '--ledger', 'http://127.0.0.1:9']
  }
  return { dir, keys, place: placeOf(store), placeOf }
}

/** The code with which a command refuses. */
async function codeOf(...args: readonly string[]) {
  const ran = await walletCommand(...args, '--json')
  assert.equal(ran.code, 1, ran.stdout)
  return (JSON.parse(ran.stdout) as { error: { code: string } }).error.code
}

test('wallet bundle and wallet backup write over nothing but a file of their own kind', async (t) => {
  const { dir, keys, place } = walletFolder(t)
  const [words, other] = [readFileSync(keys, 'utf8'), join(dir, 'other')]
  writeFileSync(other, 'other')
  for (const command of ['bundle', 'backup']) {
    assert.equal(await codeOf(command, ...place, '--out', keys, '--replace'), 'file_of_wallet')
    assert.equal(await codeOf(command, ...place, '--out', other), 'file_exists')
    assert.equal(await codeOf(command, ...place, '--out', other, '--replace'), 'file_not_replaced')
  }
  assert.deepEqual([readFileSync(keys, 'utf8'), readFileSync(other, 'utf8')], [words, 'other'])
})

test('a store that would be begun where there is no folder is refused before anybody is asked', async (t) => {
  const { dir, placeOf } = walletFolder(t)
  const nowhere = placeOf(join(dir, 'missing', 'x.db'))
  assert.equal(await codeOf('restore', ...nowhere), 'folder_unusable')
  assert.equal(await codeOf('exit', ...nowhere, '--new-store', '--yes'), 'folder_unusable')
  assert.equal(await codeOf('status', ...nowhere), 'store_missing')
})
