import assert from 'node:assert/strict'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { walletCommand } from './wallet-command.js'

/** A folder with the files of a wallet; no ledger answers, so that nothing is written for another reason. */
function walletFolder(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-output-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const at = (name: string) => join(dir, name)
  const words = `${'abandon '.repeat(11)}about`
  writeFileSync(at('w.keys'), `${words}\n`, { mode: 0o600 })
  for (const name of ['w.db', 'w.db.mark', 'other.db']) writeFileSync(at(name), name)
  const place = ['--keys', at('w.keys'), '--store', at('w.db'), '--ledger', 'http://127.0.0.1:9']
  const contents = () =>
    readdirSync(dir)
      .sort()
      .map((name) => {
        const kind = lstatSync(at(name))
        return [name, kind.mode, kind.isFile() ? readFileSync(at(name), 'latin1') : '']
      })
  return { at, place, contents }
}

/** The code with which a command refuses. */
async function codeOf(...args: readonly string[]) {
  const ran = await walletCommand(...args, '--json')
  assert.equal(ran.code, 1, ran.stdout)
  return (JSON.parse(ran.stdout) as { error: { code: string } }).error.code
}

test('INV-42 wallet bundle and wallet backup write over nothing but a file of their own kind', async (t) => {
  const { at, place, contents } = walletFolder(t)
  symlinkSync(at('w.keys'), at('alias'))
  symlinkSync(at('nowhere'), at('dangling'))
  symlinkSync(at('.'), at('here'))
  linkSync(at('w.keys'), at('hard'))
  mkdirSync(at('folder'))
  const before = contents()
  const replacing = (command: 'bundle' | 'backup', out: string) =>
    codeOf(command, ...place, '--out', out, '--replace')
  const own = ['w.keys', 'w.db', 'w.db.mark', 'w.db-wal', 'w.db-shm']
  for (const name of [...own, 'hard', join('here', 'w.keys'), join('here', 'w.db-wal')]) {
    assert.equal(await replacing('bundle', at(name)), 'file_of_wallet', name)
  }
  assert.equal(await replacing('backup', at('w.keys')), 'file_of_wallet')
  for (const out of [at('alias'), at('dangling'), at('folder'), '/dev/null']) {
    assert.equal(await replacing('bundle', out), 'file_not_regular', out)
  }
  assert.equal(await replacing('backup', '/dev/null'), 'file_not_regular')
  for (const command of ['bundle', 'backup'] as const) {
    assert.equal(await codeOf(command, ...place, '--out', at('other.db')), 'file_exists')
    assert.equal(await replacing(command, at('other.db')), 'file_not_replaced')
  }
  assert.ok(lstatSync('/dev/null').isCharacterDevice())
  assert.deepEqual(contents(), before)
})

test('a store that would be begun where there is no folder is refused before anybody is asked', async (t) => {
  const { at, place } = walletFolder(t)
  const nowhere = place.map((part) => (part === at('w.db') ? join(at('missing'), 'x.db') : part))
  assert.equal(await codeOf('restore', ...nowhere), 'folder_unusable')
  assert.equal(await codeOf('exit', ...nowhere, '--new-store'), 'folder_unusable')
  assert.equal(await codeOf('status', ...nowhere), 'store_missing')
})
