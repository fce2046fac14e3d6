import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { GuardAct } from '@tallystick/client-sdk'
import type { ChannelId, TxId } from '@tallystick/protocol'
import fc from 'fast-check'
import { type AuditEntry, auditLine } from '#hub/audit/audit-line.js'
import { AuditLog, beginAuditLog } from '#hub/audit/audit-log.js'
import { auditedHub } from '#hub/audit/audited-hub.js'
import { verifyAudit } from '#hub/audit/verify-audit.js'
import type { HubReport } from '#hub/hub-report.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const NOW = () => new Date('2026-11-21T12:00:00.000Z')
const LINES = 12

/** A log of twelve lines; in one of them is what a peer said. */
async function usedLog(context: TestContext, lines = LINES): Promise<string> {
  const path = join(temporaryFolder(context), 'audit.log')
  await beginAuditLog(path)
  await appendLines(path, lines)
  return path
}

async function appendLines(path: string, lines: number): Promise<void> {
  const log = await AuditLog.open(path, NOW)
  for (let n = 1; n <= lines; n++) {
    await log.append('guard', { duty: 'challenge', channel: n, detail: 'né "x"\u001b[2J\n' })
  }
  await log.close()
}

async function entriesOf(path: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  await verifyAudit(path, (entry) => entries.push(entry))
  return entries
}

const DAMAGED = { name: 'StoreFault', code: /^store_(?:corrupt|rolled_back|swapped)$/ }

describe('HUB-10 the audit log', () => {
  test('INV-51 is readable by its owner alone, with its mark, also one that was not', async (context) => {
    const path = await usedLog(context, 1)
    const modes = () => [path, `${path}.mark`].map((file) => statSync(file).mode & 0o777)
    assert.deepEqual(modes(), [0o600, 0o600])
    chmodSync(path, 0o644)
    await appendLines(path, 1)
    assert.deepEqual(modes(), [0o600, 0o600])
  })

  test('gives back what was written, over restarts, in ASCII', async (context) => {
    const path = await usedLog(context, 1)
    await appendLines(path, 2)
    const entries = await entriesOf(path)
    assert.deepEqual(
      entries.map(({ sequence, at, facts }) => [sequence, at, facts['channel']]),
      [1, 1, 2].map((channel, i) => [i + 1, '2026-11-21T12:00:00.000Z', channel]),
    )
    assert.equal(entries[0]?.facts['detail'], 'né "x"\u001b[2J\n')
    assert.match(readFileSync(path, 'latin1'), /^[ -~\n]*$/)
  })

  test('INV-52 INV-42 shows any line that was removed, changed, moved, doubled or cut', async (context) => {
    const path = await usedLog(context)
    const lines = readFileSync(path, 'latin1').split('\n').slice(0, -1)
    const place = fc.nat(LINES - 1)
    const damage = fc.oneof(
      place.map((at) => lines.filter((_, i) => i !== at)),
      fc
        .tuple(place, place)
        .map(([a, b]) => lines.map((line, i) => lines[i === a ? b : i === b ? a : i] ?? line)),
      place.map((at) => lines.flatMap((line, i) => (i === at ? [line, line] : [line]))),
      place.map((at) => lines.slice(0, at)),
      fc
        .tuple(place, fc.noBias(fc.nat()), fc.nat(94))
        .map(([at, column, code]) =>
          lines.map((line, i) => (i === at ? withCharacter(line, column, code) : line)),
        ),
      fc
        .tuple(place, fc.nat(300))
        .map(([at, kept]) => lines.map((line, i) => (i === at ? line.slice(0, kept) : line))),
    )
    await fc.assert(
      fc.asyncProperty(damage, async (found) => {
        fc.pre(found.join('\n') !== lines.join('\n'))
        writeFileSync(path, `${found.join('\n')}${found.length > 0 ? '\n' : ''}`)
        await assert.rejects(entriesOf(path), DAMAGED)
      }),
      { numRuns: 300 },
    )
    writeFileSync(path, `${lines.join('\n')}\n`)
    assert.equal((await entriesOf(path)).length, LINES)
  })

  test('INV-52 shows a line that was written anew, with a hash that fits it', async (context) => {
    const path = await usedLog(context)
    const entries = await entriesOf(path)
    const lines = entries.map((entry) => {
      const { sequence, facts } = entry
      return auditLine(sequence === 5 ? { ...entry, facts: { ...facts, channel: 9 } } : entry).line
    })
    writeFileSync(path, `${lines.join('\n')}\n`)
    await assert.rejects(entriesOf(path), {
      code: 'store_corrupt',
      message: /line 6 is missing, changed/,
    })
  })

  test('INV-52 is found missing with all its lines, and with its mark', async (context) => {
    const path = await usedLog(context)
    rmSync(path)
    await assert.rejects(entriesOf(path), { code: 'store_rolled_back' })
    rmSync(`${path}.mark`)
    await assert.rejects(entriesOf(path), { code: 'mark_missing' })
  })

  test('INV-41 goes on after a line that was cut, and after one whose mark was', async (context) => {
    const path = await usedLog(context, 3)
    appendFileSync(path, '{"sequence":4,"at":"2026')
    assert.equal((await entriesOf(path)).length, 3)
    const mark = readFileSync(`${path}.mark`)
    await appendLines(path, 1)
    assert.equal((await entriesOf(path)).length, 4)
    writeFileSync(`${path}.mark`, mark)
    assert.equal((await entriesOf(path)).length, 4)
    await appendLines(path, 1)
    assert.deepEqual(
      (await entriesOf(path)).map(({ sequence }) => sequence),
      [1, 2, 3, 4, 5],
    )
  })

  for (const [what, code, spoil] of [
    ['whose last line is gone', 'store_rolled_back', (path: string) => cutLines(path, 1)],
    ['that is gone', 'store_rolled_back', (path: string) => rmSync(path)],
    ['whose mark is gone', 'mark_missing', (path: string) => rmSync(`${path}.mark`)],
    [
      'with a line that nobody wrote',
      'store_corrupt',
      (path: string) => appendFileSync(path, 'x\n'),
    ],
  ] as const) {
    test(`INV-52 that follows on one ${what} says so in its first line, and keeps it`, async (context) => {
      const path = await usedLog(context, 3)
      spoil(path)
      await appendLines(path, 1)
      const [first, second] = await entriesOf(path)
      assert.deepEqual(
        [first?.kind, first?.facts['code'], second?.kind],
        ['log_damaged', code, 'guard'],
      )
      const kept = readdirSync(dirname(path)).filter((name) => name.includes('damaged'))
      assert.equal(kept.length, what === 'that is gone' || !existsSync(path) ? 0 : 1)
    })
  }

  test('INV-45 has one line of what the guard does or is refused again and again, and one of each that differs', async (context) => {
    const path = await usedLog(context, 0)
    const log = await AuditLog.open(path, NOW)
    const reports: HubReport[] = []
    const onFault = (fault: unknown) => assert.fail(String(fault))
    const { onReport } = auditedHub(log, { onReport: (report) => reports.push(report), onFault })
    const refused = (code: string) =>
      ({ kind: 'rejection', code, detail: 'é'.repeat(5_000) }) as const
    const act = (channel: number, outcome: GuardAct['outcome']) =>
      onReport({ kind: 'guard', act: { duty: 'challenge', channel, outcome } })
    const sent = 'ab'.repeat(32) as TxId
    const outcomes = [
      refused('coin_missing'),
      refused('coin_missing'),
      refused('malformed'),
      sent,
      sent,
      'cd'.repeat(32) as TxId,
    ]
    for (const outcome of outcomes) act(1, outcome)
    act(1, refused('malformed'))
    act(2, refused('malformed'))
    await log.close()
    assert.equal(reports.length, 6)
    assert.deepEqual(
      (await entriesOf(path)).map(({ facts }) => [facts['channel'], facts['refused'] ?? 'sent']),
      [
        [1, 'coin_missing'],
        [1, 'malformed'],
        [1, 'sent'],
        [1, 'sent'],
        [1, 'malformed'],
        [2, 'malformed'],
      ],
    )
  })

  test('CH-18 INV-45 has one line of a channel whose client shows that the journal is behind', async (context) => {
    const path = await usedLog(context, 0)
    const log = await AuditLog.open(path, NOW)
    const reports: HubReport[] = []
    const onFault = (fault: unknown) => assert.fail(String(fault))
    const { onReport } = auditedHub(log, { onReport: (report) => reports.push(report), onFault })
    const [first, second] = ['01'.repeat(32), '02'.repeat(32)] as [ChannelId, ChannelId]
    for (const channel of [first, first, second]) onReport({ kind: 'dataLost', channel })
    await log.close()
    assert.equal(reports.length, 2)
    assert.deepEqual(
      (await entriesOf(path)).map(({ kind, facts }) => [kind, facts['channel']]),
      [
        ['data_lost', first],
        ['data_lost', second],
      ],
    )
  })

  test('INV-45 has lines of at most 4,096 bytes', async (context) => {
    const log = await AuditLog.open(join(temporaryFolder(context), 'audit.log'), NOW)
    context.after(() => log.close())
    await assert.rejects(log.append('fault', { detail: 'x'.repeat(4_096) }), RangeError)
  })
})

function withCharacter(line: string, column: number, code: number): string {
  const at = column % line.length
  return line.slice(0, at) + String.fromCharCode(32 + code) + line.slice(at + 1)
}

function cutLines(path: string, count: number): void {
  const lines = readFileSync(path, 'latin1')
    .split('\n')
    .slice(0, -1 - count)
  writeFileSync(path, `${lines.join('\n')}\n`)
}
