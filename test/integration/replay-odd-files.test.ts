import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const REPLAY = fileURLToPath(new URL('../../../scripts/dist/replay.js', import.meta.url))
const HEADER = 'order_id,placed_at,customer_id,country,currency,total,lines'

function order(id: string, customer: string, total: string): string {
  return `${id},2010-12-01T08:26:00Z,${customer},United Kingdom,GBP,${total},1`
}

test('INV-1 a replay of what an export may hold reconciles, also a second time', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-odd-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const play = (name: string, lines: readonly string[], ...args: readonly string[]) => {
    const file = join(dir, `${name}.csv`)
    writeFileSync(file, [HEADER, ...lines].join('\n'))
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--enable-source-maps', REPLAY, '--orders', file, '--json', ...args],
      { encoding: 'utf8' },
    )
    assert.notEqual(stdout, '', stderr)
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
    if (report.error !== undefined) t.diagnostic(`${name}: ${JSON.stringify(report.error)}`)
    return { status, report }
  }

  const nothing = play('nothing', [order('A1', '1', '0')])
  assert.deepEqual([nothing.status, nothing.report.channels], [0, 0])

  // Everything that was sold is paid back, and more of what was sold before the export began.
  const back = [order('C0', '2', '-50'), order('A1', '1', '10'), order('C2', '1', '-10')]
  const data = join(dir, 'data')
  const first = play('back', back, '--data', data)
  assert.deepEqual([first.status, first.report.reconciled, first.report.refunds], [0, true, 2])
  const second = play('back', back, '--data', data)
  assert.deepEqual([second.status, second.report.channels], [0, first.report.channels])
  assert.equal(second.report.closeTransactions, first.report.closeTransactions)

  const other = play('other', [order('A1', '1', '10')], '--data', data)
  assert.deepEqual([other.status, other.report.error.code], [1, 'folder_of_another_file'])
  const unreadable = spawnSync(process.execPath, [REPLAY, '--orders', dir, '--json'])
  assert.equal(unreadable.status, 2)
})
