import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { startLedgerNode } from '@tallystick/settlement'
import { SqliteConnection } from '#settlement/store/sqlite-connection.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { included, initTestLedger, paymentOf, submit } from '../settlement/node-on-disk.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'

const TIMING = { blockIntervalMs: 1, heartbeatMs: 100_000 }
const SMALL = ['--file-blocks', '4', '--checkpoint-blocks', '5'] as const
const FILES = [
  '0000000001-0000000004.blocks.gz',
  '0000000005-0000000006.blocks.gz',
  '0000000005.snapshot.gz',
] as const

/** Pays with coins `from` to `to`, one block each. */
async function pay(dataDir: string, from: number, to: number): Promise<void> {
  const node = await startLedgerNode({ dataDir, ...TIMING })
  for (let coin = from; coin < to; coin++) {
    const { id, hex } = paymentOf(node.chainId, coin)
    await submit(node.url, hex)
    await included(node, id)
  }
  await node.stop()
}

/** The folder of a ledger with six blocks, and its archive. */
async function archived(context: TestContext) {
  const [dataDir, out] = [temporaryFolder(context), temporaryFolder(context)]
  await initTestLedger(dataDir, 20)
  await pay(dataDir, 0, 5)
  const archive = ['archive', '--data', dataDir, '--out', out, ...SMALL] as const
  const made = await ledgerCommand(...archive)
  assert.equal(made.code, 0, made.stderr)
  return { dataDir, out, archive }
}

function flip(path: string): void {
  const bytes = readFileSync(path)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

async function damagesOf(archive: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await ledgerCommand('verify', '--archive', archive, '--json')
  assert.ok(stdout !== '', stderr)
  const { damages } = JSON.parse(stdout) as { damages: string[] }
  assert.equal(code, damages.length === 0 ? 0 : 1)
  return damages
}

describe('INV-42 verify --archive', () => {
  test('names the file of an archive in which a bit is wrong, and no other', async (context) => {
    const { out } = await archived(context)
    assert.deepEqual(await damagesOf(out), [])
    for (const name of FILES) {
      const path = join(out, name)
      const good = readFileSync(path)
      flip(path)
      const [found = 'nothing'] = await damagesOf(out)
      assert.ok(found.includes(name), found)
      writeFileSync(path, good)
    }
    rmSync(join(out, FILES[0]))
    const [found = 'nothing'] = await damagesOf(out)
    assert.match(found, /0000000001-0000000004\.blocks\.gz/)
  })

  test('names the file that ends with another block than the index says', async (context) => {
    const { out } = await archived(context)
    const path = join(out, 'archive.json')
    const index = JSON.parse(readFileSync(path, 'utf8')) as { files: { last_id: string }[] }
    const [first] = index.files
    assert.ok(first !== undefined)
    first.last_id = 'ab'.repeat(32)
    writeFileSync(path, JSON.stringify(index))
    assert.deepEqual(await damagesOf(out), [
      `${FILES[0]}: it ends with another block than the index says`,
    ])
  })

  test('asks what to look at', async () => {
    const { code, stderr } = await ledgerCommand('verify')
    assert.equal(code, 1)
    assert.match(stderr, /--data or --archive is due/)
  })
})

describe('archive', () => {
  test('INV-42 does not append to files that are damaged, cut or gone', async (context) => {
    const { dataDir, out, archive } = await archived(context)
    await pay(dataDir, 5, 8)
    const damages: readonly (readonly [name: string, damage: (path: string) => void])[] = [
      [FILES[1], flip],
      [FILES[0], (path) => writeFileSync(path, readFileSync(path).subarray(1))],
      [FILES[2], (path) => rmSync(path)],
    ]
    for (const [name, damage] of damages) {
      const path = join(out, name)
      const good = readFileSync(path)
      damage(path)
      const { code, stderr } = await ledgerCommand(...archive)
      assert.equal(code, 1)
      assert.match(stderr, /^history_corrupt: /)
      assert.ok(stderr.includes(name), stderr)
      writeFileSync(path, good)
    }
    assert.equal((await ledgerCommand(...archive)).code, 0)
    assert.deepEqual(await damagesOf(out), [])
  })

  test('INV-42 begins nothing over the files of an archive that lost its index', async (context) => {
    const { out, archive } = await archived(context)
    const before = readdirSync(out).sort()
    rmSync(join(out, 'archive.json'))
    const { code, stderr } = await ledgerCommand(...archive)
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^history_corrupt: .*blocks\.gz is of an archive whose archive\.json is gone/,
    )
    assert.deepEqual([...readdirSync(out), 'archive.json'].sort(), before)
  })

  test('INV-41 removes what a run that was killed left half written', async (context) => {
    const { out, archive } = await archived(context)
    const parts = ['0000000005-0000000009.blocks.gz.part', '0000000010.snapshot.gz.part']
    const foreign = 'notes.part'
    for (const name of [...parts, foreign]) writeFileSync(join(out, name), 'half')
    assert.equal((await ledgerCommand(...archive)).code, 0)
    for (const name of parts) assert.ok(!existsSync(join(out, name)), name)
    assert.ok(readdirSync(out).includes(foreign), 'what it did not write stays')
  })

  test('INV-44 is refused by name while another process writes the same', async (context) => {
    const { out, archive } = await archived(context)
    const other = await SqliteConnection.open(join(out, 'archive.lock'), 'scratch')
    const { code, stderr } = await ledgerCommand(...archive)
    await other.close()
    assert.equal(code, 1)
    assert.match(stderr, /^store_in_use: .*archive\.lock/)
    assert.equal((await ledgerCommand(...archive)).code, 0)
  })
})

test('follow says so when the folder has begun and --archive has nothing to begin', async (context) => {
  const { dataDir, out } = await archived(context)
  const node = await LedgerProcess.start(dataDir)
  context.after(() => node.kill())
  const copy = temporaryFolder(context)
  const begin = () => LedgerProcess.follow(copy, node.url, '--archive', out)
  const first = await begin()
  context.after(() => first.kill())
  assert.deepEqual(first.facts['start_ignored'], undefined)
  await first.stop()
  const second = await begin()
  context.after(() => second.kill())
  assert.deepEqual(second.facts['start_ignored'], true)
})
