import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Anchor } from '@tallystick/protocol'
import type { AuditEntry } from '#hub/audit/audit-line.js'
import { randomFrom } from '#scripts/crash/random-from.js'
import { commandJson } from '#scripts/network/local-network.js'
import { hubOnDisk } from './hub-on-disk.js'
import type { HubProcess } from './hub-process.js'
import { ONE } from './test-network.js'

const HUB = new URL('../../../hub/dist/command/hub.js', import.meta.url)
const FILES = ['hub.db', 'hub.db-wal', 'hub.db.mark'] as const
const SEED = Number(process.env['TALLYSTICK_SEED'] ?? randomInt(2 ** 31))
/** Bits flipped in each file; more with TALLYSTICK_FLIPS. */
const FLIPS = Number(process.env['TALLYSTICK_FLIPS'] ?? 2)
/** Files of the full disk may grow to so many blocks of 512 bytes: some dozens of payments fit. */
const FILE_BLOCKS_MAX = 1_500

/** What the log of a hub says that could not start, or `undefined` of one that serves. */
async function refusalOf(start: Promise<HubProcess>): Promise<string | undefined> {
  try {
    await (await start).kill()
    return undefined
  } catch (error) {
    const last = (error as Error).message.trim().split('\n').at(-1) ?? ''
    return /^(\w+): /.exec(last)?.[1] ?? last
  }
}

/** A hub that was killed after two payments; `before` is a copy of its folder between the two. */
async function killedHub(context: TestContext) {
  const world = await hubOnDisk(context)
  let hub = await world.startHub()
  const port = Number(new URL(hub.url).port)
  const alice = await world.wallet('alice', hub)
  const bob = await world.wallet('bob', hub)
  const channel = await alice.wallet.openChannel({ deposit: 100n * ONE })
  const pay = async () => {
    const { text } = await bob.wallet.createInvoice({ value: ONE })
    assert.equal((await alice.wallet.pay(text, { key: text })).status, 'paid')
  }
  await pay()
  await hub.stop()
  const before = join(world.dir, 'before')
  cpSync(world.hubDir, before, { recursive: true })
  hub = await world.startHub({ port })
  await pay()
  await assert.rejects(world.startHub(), /^Error: store_in_use: another process holds/)
  await hub.kill()

  /** What comes of a start over a copy of its folder that was spoiled. */
  const startOf = async (spoil: (copy: string) => void) => {
    const dataDir = join(world.dir, 'copy')
    rmSync(dataDir, { recursive: true, force: true })
    cpSync(world.hubDir, dataDir, { recursive: true })
    spoil(dataDir)
    return refusalOf(world.startHub({ dataDir }))
  }
  /** The same hub goes on where it was killed, and nobody has lost anything. */
  const goesOn = async () => {
    await world.startHub({ port })
    await pay()
    await alice.wallet.closeChannel(channel)
    assert.deepEqual([alice.problems, bob.problems], [[], []])
  }
  return { world, before, startOf, goesOn }
}

test('INV-42 INV-44 INV-16 a hub over an old, swapped or cut journal, or a second one, says why it does not start', async (context) => {
  const { world, before, startOf, goesOn } = await killedHub(context)
  const other = join(world.dir, 'other')
  commandJson(HUB, ['init', '--data', other])
  await (await world.startHub({ dataDir: other })).stop()
  const put = (from: string, name: string, copy: string) =>
    copyFileSync(join(from, name), join(copy, name))
  const spoiled: readonly (readonly [code: string, spoil: (copy: string) => void])[] = [
    [
      'store_rolled_back',
      (copy) => {
        put(before, 'hub.db', copy)
        rmSync(join(copy, 'hub.db-wal'))
      },
    ],
    ['store_rolled_back', (copy) => truncateSync(join(copy, 'hub.db-wal'), 5_000)],
    ['store_rolled_back', (copy) => rmSync(join(copy, 'hub.db'))],
    ['store_corrupt', (copy) => truncateSync(join(copy, 'hub.db'), 5_000)],
    ['store_swapped', (copy) => put(other, 'hub.db.mark', copy)],
    ['mark_missing', (copy) => rmSync(join(copy, 'hub.db.mark'))],
    ['mark_damaged', (copy) => truncateSync(join(copy, 'hub.db.mark'), 99)],
    ['mark_rolled_back', (copy) => put(before, 'hub.db.mark', copy)],
    ['key_missing', (copy) => rmSync(join(copy, 'hub.key'))],
    ['store_of_another_key', (copy) => put(other, 'hub.key', copy)],
    [
      'mark_missing',
      (copy) => {
        for (const file of FILES) rmSync(join(copy, file))
      },
    ],
  ]
  for (const [code, spoil] of spoiled) assert.equal(await startOf(spoil), code, String(spoil))
  await goesOn()
})

test(`INV-42 a bit flipped in a file of the hub stops its start by name, or changes nothing (seed ${SEED})`, async (context) => {
  const { startOf, goesOn } = await killedHub(context)
  const random = randomFrom(SEED)
  const found: (string | undefined)[] = []
  for (const file of FILES) {
    for (let flip = 0; flip < FLIPS; flip++) {
      const code = await startOf((copy) => {
        const bytes = readFileSync(join(copy, file))
        const place = Math.floor(random() * bytes.length)
        bytes[place] = (bytes[place] ?? 0) ^ (1 << Math.floor(8 * random()))
        writeFileSync(join(copy, file), bytes)
      })
      found.push(code)
      assert.match(
        code ?? 'serves',
        /^(?:serves|store_(?:corrupt|rolled_back)|mark_damaged)$/,
        file,
      )
    }
  }
  context.diagnostic(`found: ${found.map((code) => code ?? 'serves').join(', ')}`)
  await goesOn()
})

test('INV-43 INV-18 a hub whose disk is full ends, and nothing that it answered for is lost', async (context) => {
  const world = await hubOnDisk(context)
  const hub = await world.startHub({ fileBlocksMax: FILE_BLOCKS_MAX })
  const port = Number(new URL(hub.url).port)
  const alice = await world.wallet('alice', hub)
  const bob = await world.wallet('bob', hub)
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  const paid: Anchor[] = []
  const ended = hub.ended()
  const over = ended.then(() => 'over' as const)
  let underWay: { readonly key: string; readonly text: string } | undefined
  for (let n = 0; underWay === undefined; n++) {
    const key = `payment ${n}`
    const asked = bob.wallet.createInvoice({ value: ONE / 100n })
    // A hub that ends while it is asked for room answers nothing any more.
    const invoice = await Promise.race([asked.catch(() => over), over])
    if (invoice === 'over') break
    const payment = await Promise.race([alice.wallet.pay(invoice.text, { key }), over])
    if (payment === 'over') underWay = { key, text: invoice.text }
    else paid.push(invoice.anchor)
  }
  const [code, log] = await ended
  assert.equal(code, 70)
  const word = log.split('\n').find((line) => line.includes('"level":60')) ?? ''
  assert.match(word, /"code":"store_failed","detail":.*durable promise/)
  assert.doesNotMatch(word, /"stack"/)
  assert.ok(paid.length > 0)
  const { lines } = await auditOf(world.hubDir)
  const last = lines.at(-1)
  assert.deepEqual([last?.kind, last?.facts['code']], ['fault', 'store_failed'])

  await world.startHub({ port })
  for (const anchor of paid) assert.equal((await bob.wallet.paid(anchor)).status, 'paid')
  if (underWay !== undefined) {
    const { text, key } = underWay
    assert.equal((await alice.wallet.pay(text, { key })).status, 'paid')
  }
  assert.deepEqual([alice.problems, bob.problems], [[], []])
  context.diagnostic(`${paid.length} payments before the disk was full`)
})

/** What `hub audit` says of a folder. */
async function auditOf(dataDir: string) {
  const args = [fileURLToPath(HUB), 'audit', '--data', dataDir, '--json']
  const { stdout, code } = await new Promise<{ stdout: string; code: number }>((resolve) => {
    execFile(process.execPath, args, (error, stdout) => {
      resolve({ stdout, code: error === null ? 0 : Number(error.code) })
    })
  })
  const said = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { code, lines: said.slice(0, -1) as AuditEntry[], verdict: said.at(-1) }
}

test('INV-52 HUB-10 INV-51 a hub accounts for its starts and stops, without its secrets', async (context) => {
  const world = await hubOnDisk(context)
  await (await world.startHub()).stop()
  await (await world.startHub()).kill()
  const hub = await world.startHub()
  const { code, lines, verdict } = await auditOf(world.hubDir)
  assert.equal(code, 0)
  assert.deepEqual(
    lines.map(({ sequence, kind }) => [sequence, kind]),
    [
      [1, 'started'],
      [2, 'stopped'],
      [3, 'started'],
      [4, 'started'],
    ],
  )
  assert.deepEqual([verdict.intact, verdict.lines], [true, 4])
  const { version, fee_base, fee_ppm, chain_id } = lines[0]?.facts ?? {}
  assert.deepEqual(
    [version, fee_base, fee_ppm, chain_id],
    ['0.1.0', '1000', 1000, world.ledger.chainId],
  )
  const path = join(world.hubDir, 'audit.log')
  const text = readFileSync(path, 'latin1')
  assert.ok(!text.includes(readFileSync(join(world.hubDir, 'hub.key'), 'latin1').trim()))
  await hub.stop()

  writeFileSync(path, text.replace('"fee_ppm":1000', '"fee_ppm":1001'))
  const changed = await auditOf(world.hubDir)
  assert.deepEqual([changed.code, changed.verdict.code], [1, 'store_corrupt'])
})
