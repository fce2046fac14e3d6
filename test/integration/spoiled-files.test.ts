import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { randomFrom } from '#scripts/crash/random-from.js'
import { tamper } from '../settlement/data-folder.js'
import { type Kind, startKind, UsedFiles } from './used-files.js'

const SEED = Number(process.env['TALLYSTICK_SEED'] ?? randomInt(2 ** 31))
/** Bits flipped in each file with TALLYSTICK_FLIPS; without, one in some files of each kind. */
const FLIPS = Number(process.env['TALLYSTICK_FLIPS'] ?? 0)
/** How many files. */
const SAMPLE = 2

/** Files of each kind of process; what a hub keeps of channels is in `hub-journal`. */
const FILES: Readonly<Record<Kind, readonly string[]>> = {
  ledger: ['ledger.sqlite', 'ledger.sqlite-wal', 'tip.mark', 'validator.key', 'genesis.json'].map(
    (name) => join('ledger', name),
  ),
  hub: [
    ...['hub.key', 'backups.db', 'backups.db-wal', 'backups.db.mark'],
    ...['mail.db', 'mail.db-wal', 'mail.db.mark'],
    ...['audit.log', 'audit.log.mark'],
  ].map((name) => join('hub', name)),
  tower: ['watchtower.db', 'watchtower.db-wal', 'watchtower.db.mark', 'watchtower.key'].map(
    (name) => join('tower', name),
  ),
  wallet: ['alice.db', 'alice.db-wal', 'alice.db.mark', 'alice.keys'],
}
const KINDS = ['hub', 'tower', 'wallet', 'ledger'] as const
/** Databases that an old copy is put in place of. */
const DATABASES = {
  ledger: join('ledger', 'ledger.sqlite'),
  tower: join('tower', 'watchtower.db'),
  wallet: 'alice.db',
} as const

/** What a start over spoiled files is refused for. */
const NAMED =
  /^(?:store_(?:corrupt|missing|rolled_back|swapped|version|of_\w+)|mark_(?:damaged|rolled_back)|tip_mark_unusable|key_(?:damaged|file_unusable)|not_a_validator|genesis_unusable)$/

/** Processes that were killed after some payments; `before` is a copy of their files amid these. */
async function killed(context: TestContext) {
  const used = new UsedFiles(context)
  await used.startLedger()
  await used.start()
  await used.open()
  await used.pay(1)
  const before = used.copy('before')
  await used.open()
  await used.pay(2)
  await used.wallet(1).ask({ kind: 'books' })
  await used.kill()
  const newest = used.copy('newest')
  await used.startLedger()

  /** The word of a kind that is started over a copy that was spoiled; `serves`: it found nothing wrong. */
  const startOf = async (
    kind: Kind,
    spoil: (copy: string) => void | Promise<void>,
  ): Promise<string> => {
    const copy = used.copy('spoiled', newest)
    await spoil(copy)
    const { said, kill } = await startKind(kind, used.argsOf(kind, copy))
    await kill()
    return said.error?.code ?? ((said.url ?? said['out']) ? 'serves' : 'nothing')
  }
  return { before, startOf }
}

test(`INV-42 an old database, or a bit flipped in a file of any process, stops its start by name, or changes nothing (seed ${SEED})`, async (context) => {
  const { before, startOf } = await killed(context)
  for (const kind of ['tower', 'wallet', 'ledger'] as const) {
    const code = await startOf(kind, (copy) => putBack(DATABASES[kind], before, copy))
    assert.equal(code, 'store_rolled_back', kind)
  }
  const random = randomFrom(SEED)
  for (const kind of KINDS) {
    for (const file of filesOf(kind, random)) {
      const code = await startOf(kind, (copy) => flipBit(join(copy, file), random))
      if (code !== 'serves') assert.match(code, NAMED, file)
      context.diagnostic(`${file}: ${code}`)
    }
  }
})

/** Files in which a bit is flipped, each as often as it is named. */
function filesOf(kind: Kind, random: () => number): readonly string[] {
  if (FLIPS > 0) return FILES[kind].flatMap((file) => Array<string>(FLIPS).fill(file))
  const first = Math.floor(random() * FILES[kind].length)
  return [...FILES[kind], ...FILES[kind]].slice(first, first + SAMPLE)
}

/** An old database with its log, beside the newest mark. */
function putBack(database: string, before: string, copy: string): void {
  for (const file of [database, `${database}-wal`]) {
    rmSync(join(copy, file), { force: true })
    if (existsSync(join(before, file))) copyFileSync(join(before, file), join(copy, file))
  }
}

async function flipBit(path: string, random: () => number): Promise<void> {
  // What lies in the log only is not read from the database.
  if (/\.(?:db|sqlite)$/.test(path)) await tamper(path, 'PRAGMA wal_checkpoint(TRUNCATE)')
  const bytes = readFileSync(path)
  const place = Math.floor(random() * bytes.length)
  bytes[place] = (bytes[place] ?? 0) ^ (1 << Math.floor(8 * random()))
  writeFileSync(path, bytes)
}
