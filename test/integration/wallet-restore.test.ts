import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'
import { openGuarded, startTower } from './tower-process.js'
import { placeOf, walletCommand } from './wallet-command.js'

/** What the ledger takes for leaving a channel of these tests, at most. */
const FEE_MAX = ONE / 1_000n

type Restored = {
  readonly hub: string
  readonly taken: { readonly version: number; readonly from: string } | null
  readonly problems: readonly { readonly code: string }[]
  readonly towers: readonly { readonly kept?: { readonly received: number } | null }[]
  readonly channels: readonly {
    readonly state: string
    readonly yours: string | null
    readonly exit: { readonly payout_most: string; readonly step: { unsure: boolean } } | null
  }[]
}

async function restore(...args: readonly string[]) {
  const { code, stdout, stderr } = await walletCommand('restore', ...args, '--json')
  return { code, stderr, found: JSON.parse(stdout) as Restored }
}

/** `work` while the hub does nothing at all, without its connections noticing. */
async function withoutHub({ dir }: TestNetwork, work: () => Promise<void>): Promise<void> {
  const hub = Number(readFileSync(join(dir, 'hub.pid'), 'utf8'))
  process.kill(hub, 'SIGSTOP')
  await work().finally(() => process.kill(hub, 'SIGCONT'))
}

/** One network for all of it: a shop that a tower guards has been paid 40, and then put away. */
async function afterSale(t: TestContext) {
  const network = await startTestNetwork(t, ['alice'])
  const tower = await startTower(t, network, 'tower')
  const alice = await network.wallet('alice')
  const shop = await openGuarded(network, 'shop', [tower])
  await alice.wallet.openChannel({ deposit: 100n * ONE })
  const early = await shop.wallet.createInvoice({ value: 30n * ONE })
  await Promise.all([
    alice.wallet.pay(early.text, { key: early.text }),
    shop.wallet.paid(early.anchor),
  ])
  return { network, tower, alice, shop }
}

test('wallet backup and wallet restore on real processes', async (t) => {
  const { network, tower, alice, shop } = await afterSale(t)
  const [id] = shop.wallet.channels().map(({ party }) => party.ledger.id)
  assert.ok(id !== undefined)
  await shop.close()
  const place = placeOf(network, 'shop')
  const keys = place.slice(0, 2)
  const file = join(network.dir, 'shop.backup')

  await t.test(
    'INV-42 BAK-1 a backup is written whole, for its owner alone, and says what is in it',
    async () => {
      const made = await walletCommand('backup', ...place, '--out', file, '--json')
      assert.equal(made.code, 0, made.stderr)
      assert.equal(statSync(file).mode & 0o777, 0o600)
      const facts = JSON.parse(made.stdout) as { version: number; channels: { channel: string }[] }
      assert.deepEqual(
        facts.channels.map(({ channel }) => channel),
        [id],
      )
      const again = await walletCommand('backup', ...place, '--out', file, '--json')
      assert.equal(again.code, 1)
      assert.match(again.stdout, /"code":"file_exists"/)
      const replaced = await walletCommand('backup', ...place, '--out', file, '--replace', '--json')
      assert.equal((JSON.parse(replaced.stdout) as { version: number }).version, facts.version + 1)

      const checked = await walletCommand('backup', ...keys, '--check', file, '--json')
      assert.equal(checked.code, 0, checked.stderr)
      const { version, age_seconds: age } = JSON.parse(checked.stdout) as Record<string, number>
      assert.equal(version, facts.version + 1)
      // The command speaks to no hub: the store remembers it.
      assert.match(checked.stdout, new RegExp(`"hub_url":"${network.hubUrl}"`))
      assert.ok(age !== undefined && age < 600, `${age} s`)
      assert.match(
        (await walletCommand('backup', ...keys, '--check', file)).stdout,
        /opens with these words\nversion .*\nage .*\nchannels {2}\d; 1 in all/,
      )
    },
  )

  await t.test(
    'BAK-2 a backup is refused by name: other words, damaged, neither out nor check',
    async () => {
      const damaged = join(network.dir, 'damaged.backup')
      const bytes = readFileSync(file)
      bytes[200] = (bytes[200] ?? 0) ^ 1
      writeFileSync(damaged, bytes)
      for (const [args, code] of [
        [[...placeOf(network, 'alice').slice(0, 2), '--check', file], 'backup_of_other_words'],
        [[...keys, '--check', damaged], 'backup_damaged'],
        [[...keys, '--check', join(network.dir, 'nowhere')], 'file_unusable'],
        [[...keys, '--chain-id', '00'.repeat(32), '--check', file], 'backup_of_another_chain'],
        [[...place], 'usage'],
      ] as const) {
        const refused = await walletCommand('backup', ...args, '--json')
        assert.equal(refused.code, 1)
        assert.match(refused.stdout, new RegExp(`"code":"${code}"`))
      }
    },
  )

  await t.test(
    'INV-17 BAK-4 from the words and the hub: what is newest is taken, and channels live on',
    async () => {
      // The shop is paid once more, by a store that is lost with it: only hub and tower have seen that.
      const later = await openGuarded(network, 'shop', [tower])
      const sale = await later.wallet.createInvoice({ value: 10n * ONE })
      await Promise.all([
        alice.wallet.pay(sale.text, { key: sale.text }),
        later.wallet.paid(sale.anchor),
      ])
      await later.wallet.guarded(id)
      await later.close()
      const options = [...placeOf(network, 'shop', 'again.db'), '--hub', network.hubUrl]
      const first = await restore(...options, '--backup', file)
      assert.equal(first.code, 0, first.stderr)
      assert.deepEqual([first.found.hub, first.found.taken?.from], ['answered', 'hub'])
      assert.deepEqual(
        first.found.channels.map(({ state, yours }) => [state, yours]),
        [['resumed', `${40n * ONE}`]],
      )
      const second = await restore(...options, '--backup', file)
      assert.deepEqual([second.code, second.found.taken], [0, null])
      const offline = await restore(...placeOf(network, 'shop', 'again.db'))
      assert.deepEqual(
        [offline.found.hub, ...offline.found.channels.map(({ state }) => state)],
        ['none', 'whole'],
      )
      const mark = join(network.dir, 'again.db.mark')
      renameSync(mark, `${mark}.kept`)
      const unmarked = await walletCommand('restore', ...options)
      renameSync(`${mark}.kept`, mark)
      assert.equal(unmarked.code, 1)
      assert.match(unmarked.stderr, /mark_missing: .*fill another --store .*"wallet exit --unsure"/)
      const unnamed = await restore(...placeOf(network, 'shop', 'unnamed.db'), '--backup', file)
      assert.deepEqual([unnamed.code, unnamed.found.hub], [0, 'answered'])
      assert.deepEqual(second.found.channels, first.found.channels)
    },
  )

  await t.test(
    'INV-4 DSP-12 where the hub is silent: says so, and what leaving unsure would bring',
    async () => {
      const options = [
        ...[...placeOf(network, 'shop', 'silent.db'), '--hub', network.hubUrl],
        ...['--backup', file, '--tower', tower.sessionUrl],
      ]
      await withoutHub(network, async () => {
        const { code, found, stderr } = await restore(...options, '--patience', '2')
        assert.equal(code, 1)
        assert.match(stderr, /filling the store \([1-9]\d* s\)/)
        assert.deepEqual([found.hub, found.taken?.from], ['silent', 'file'])
        assert.ok(found.problems.some((problem) => problem.code === 'backup_unreachable'))
        assert.equal(found.towers[0]?.kept?.received !== undefined, true)
        const [channel] = found.channels
        assert.deepEqual([channel?.state, channel?.exit?.step.unsure], ['waiting', true])
        // The file knows of 30, the tower of all 40; what the hub shows may be later, so nothing is sure.
        assert.ok(BigInt(channel?.exit?.payout_most ?? 0) >= 40n * ONE - FEE_MAX)
        const told = await walletCommand('restore', ...options, '--patience', '2')
        assert.match(told.stdout, /waits for its resume[\s\S]*The hub is silent[\s\S]*wallet exit/)
      })
      const back = await restore(...options)
      assert.deepEqual([back.code, back.found.channels[0]?.state], [0, 'resumed'])
    },
  )

  await t.test(
    'a tower that is away, and words that are of nobody, are told and change nothing',
    async () => {
      const away = 'ws://127.0.0.1:9/v1/session'
      const options = [...placeOf(network, 'shop', 'third.db'), '--hub', network.hubUrl]
      const { code, found } = await restore(...options, '--tower', away)
      assert.equal(code, 0)
      assert.match(JSON.stringify(found.towers), /"code":"tower_unreachable"/)
      const nobody = await restore(...placeOf(network, 'nobody'))
      assert.deepEqual([nobody.code, nobody.found.hub, nobody.found.channels], [0, 'none', []])
      copyFileSync(file, join(network.dir, 'alice.backup'))
      const other = await walletCommand(
        ...['restore', ...placeOf(network, 'alice', 'other.db'), '--backup', file, '--json'],
      )
      assert.equal(other.code, 1)
      assert.match(other.stdout, /"code":"backup_of_other_words"/)
    },
  )
})
