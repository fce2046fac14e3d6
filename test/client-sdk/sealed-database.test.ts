import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type RowWrite, storedBytes } from '@tallystick/client-sdk/node'
import { readHighWaterMark } from '#client-sdk/node/high-water-mark.js'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'
import { fillDisk, HAS_FULL_DEVICE } from './full-disk.js'
import { commitNumber, copySealed, counted, HISTORY, LIVE, openSealed } from './sealed-file.js'

/** The path of a database with `commits` commits behind its creation, closed. */
async function usedFile(context: TestContext, commits: number): Promise<string> {
  const path = join(temporaryFolder(context), 'store.db')
  await commitUpTo(path, commits)
  return path
}

async function commitUpTo(path: string, commits: number): Promise<void> {
  const database = await openSealed(path)
  const [done = 0] = await counted(database)
  for (let n = done + 1; n <= commits; n++) await commitNumber(database, n)
  await database.close()
}

async function refused(path: string, code: string, why: RegExp): Promise<void> {
  await assert.rejects(openSealed(path), (error: Error & { code?: string }) => {
    assert.equal(error.code, code, error.message)
    assert.match(error.message, why)
    assert.match(
      error.message,
      code === 'store_corrupt' ? /; look for a copy$/ : /; ask the operator$/,
    )
    return true
  })
}

describe('a sealed database', () => {
  test('JRN-1 JRN-4 counts its commits, and every one is in the mark when it is answered', async (context) => {
    const path = join(temporaryFolder(context), 'store.db')
    const database = await openSealed(path)
    const sequences: number[] = []
    for (let n = 1; n <= 4; n++) {
      await commitNumber(database, n)
      sequences.push((await readHighWaterMark(`${path}.mark`)).sequence)
    }
    await database.close()
    assert.deepEqual(sequences, [2, 3, 4, 5])
    const again = await openSealed(path)
    assert.deepEqual(await counted(again), [4, 4])
    await again.close()
  })

  test('JRN-1 a file of a format that is taken over is read, and has the new one from its next commit on', async (context) => {
    const path = await usedFile(context, 2)
    await assert.rejects(openSealed(path, undefined, { format: 2 }), /has format 1, not 2/)
    const taken = { format: 2, taken: [1] }
    const read = await openSealed(path, undefined, taken)
    assert.deepEqual(await counted(read), [2, 2])
    await read.close()
    // Nothing was written: the program before can still have it.
    await commitUpTo(path, 3)
    const database = await openSealed(path, undefined, taken)
    await commitNumber(database, 4)
    await database.close()
    await assert.rejects(openSealed(path), /has format 2, not 1/)
    const again = await openSealed(path, undefined, { format: 2 })
    assert.deepEqual(await counted(again), [4, 4])
    await again.close()
  })

  test('INV-51 is readable by its owner alone, with its log and its mark, also one that was not', async (context) => {
    const path = join(temporaryFolder(context), 'store.db')
    const modes = () => ['', '-wal', '.mark'].map((tail) => statSync(`${path}${tail}`).mode & 0o777)
    const database = await openSealed(path)
    await commitNumber(database, 1)
    assert.deepEqual(modes(), [0o600, 0o600, 0o600])
    copySealed(path, `${path}.copy`)
    await database.close()
    for (const tail of ['', '-wal']) {
      renameSync(`${path}.copy${tail}`, `${path}${tail}`)
      chmodSync(`${path}${tail}`, 0o644)
    }
    const again = await openSealed(path)
    context.after(() => again.close())
    assert.deepEqual(modes(), [0o600, 0o600, 0o600])
  })

  test('of several writes to one row the last counts, and what is removed is gone', async (context) => {
    const path = await usedFile(context, 2)
    const database = await openSealed(path)
    await database.commit([
      { kind: 'put', table: LIVE, values: ['twice', Uint8Array.of(1)] },
      { kind: 'remove', table: LIVE, key: ['row 1'] },
      { kind: 'put', table: LIVE, values: ['twice', Uint8Array.of(2)] },
      { kind: 'remove', table: LIVE, key: ['never there'] },
    ])
    await database.close()
    const again = await openSealed(path)
    context.after(() => again.close())
    const [twice = {}] = await again.lookup(LIVE, [['twice'], ['row 1']])
    assert.deepEqual(storedBytes(twice, 'value'), Uint8Array.of(2))
    assert.deepEqual(await counted(again), [2, 2])
  })

  test('INV-43 a write to a table that it was not opened with fails, and nothing of its commit is kept', async (context) => {
    for (const kind of ['put', 'remove'] as const) {
      const path = await usedFile(context, 1)
      const database = await openSealed(path)
      const table = { ...LIVE }
      const strange = kind === 'put' ? { values: ['a', Uint8Array.of(1)] } : { key: ['counter'] }
      await assert.rejects(
        database.commit([
          { kind: 'put', table: LIVE, values: ['row 2', Uint8Array.of(2)] },
          { kind, table, ...strange } as RowWrite,
        ]),
        /table live_row/,
      )
      await database.close()
      const again = await openSealed(path)
      assert.deepEqual(await counted(again), [1, 1])
      await again.close()
    }
  })

  test('INV-44 is refused to a second process, whose mark is left alone', async (context) => {
    const path = await usedFile(context, 1)
    const database = await openSealed(path)
    context.after(() => database.close())
    const before = readFileSync(`${path}.mark`)
    await assert.rejects(openSealed(path), { code: 'store_in_use' })
    assert.deepEqual(readFileSync(`${path}.mark`), before)
  })

  test('INV-48 JRN-3 reads no history at its start; what is damaged there is named when it is read', async (context) => {
    const path = await usedFile(context, 3)
    await tamper(path, "UPDATE history_row SET value = x'09' WHERE place = 2")
    const database = await openSealed(path)
    context.after(() => database.close())
    const [whole = {}] = await database.lookup(HISTORY, [['done', 1]])
    assert.deepEqual(storedBytes(whole, 'value'), Uint8Array.of(1))
    await assert.rejects(database.lookup(HISTORY, [['done', 2]]), { code: 'store_corrupt' })
  })
})

describe('INV-42 JRN-2 JRN-3 a live row', () => {
  for (const [what, sql] of [
    ['that was changed', "UPDATE live_row SET value = x'07' WHERE name = 'row 2'"],
    ['of another name', "UPDATE live_row SET name = 'row 9' WHERE name = 'row 2'"],
    ['of another type', "UPDATE live_row SET value = '7' WHERE name = 'counter'"],
    ['with another digest', "UPDATE live_row SET digest = x'00' WHERE name = 'row 2'"],
    ['that is missing', "DELETE FROM live_row WHERE name = 'row 2'"],
    ['that nobody wrote', "INSERT INTO live_row VALUES ('row 9', x'09', zeroblob(16))"],
  ] as const) {
    test(`${what} is noticed at the start`, async (context) => {
      const path = await usedFile(context, 3)
      await tamper(path, sql)
      await refused(path, 'store_corrupt', /live_row|missing, or older/)
    })
  }

  test('that is older than the newest commit is noticed at the start, with its digest', async (context) => {
    const path = await usedFile(context, 1)
    copySealed(path, `${path}.old`)
    await commitUpTo(path, 3)
    await tamper(
      path,
      `ATTACH '${path}.old' AS old; DELETE FROM live_row WHERE name = 'counter';
       INSERT INTO live_row SELECT * FROM old.live_row WHERE name = 'counter'`,
    )
    await refused(path, 'store_corrupt', /missing, or older/)
  })

  test('JRN-1 is under a seal that is noticed when it is changed or gone', async (context) => {
    const path = await usedFile(context, 2)
    copySealed(path, `${path}.copy`)
    await tamper(path, 'UPDATE seal SET sequence = sequence + 1')
    await refused(path, 'store_corrupt', /seal of .* is damaged/)
    await tamper(`${path}.copy`, 'DELETE FROM seal')
    await refused(`${path}.copy`, 'store_corrupt', /lost its seal/)
  })
})

describe('INV-42 JRN-5 a database is held to its mark:', () => {
  test('an old one is refused, however it came back', async (context) => {
    const path = await usedFile(context, 1)
    copySealed(path, `${path}.old`)
    await commitUpTo(path, 2)
    copyFileSync(`${path}.old`, path)
    await refused(path, 'store_rolled_back', /ends with commit 2, and commit 3 was acted upon/)
    rmSync(path)
    await refused(path, 'store_rolled_back', /is empty, and commit 3 was acted upon/)
    writeFileSync(path, '')
    await refused(path, 'store_rolled_back', /is empty, and commit 3 was acted upon/)
  })

  test('one without a mark is refused', async (context) => {
    const path = await usedFile(context, 1)
    rmSync(`${path}.mark`)
    await refused(path, 'mark_missing', /store\.db\.mark is missing/)
  })

  test('one with the mark of another is refused', async (context) => {
    const [path, other] = [await usedFile(context, 2), await usedFile(context, 2)]
    copyFileSync(`${other}.mark`, `${path}.mark`)
    await refused(path, 'store_swapped', /mark beside it is that of another database/)
  })

  test('one that went on from a copy is refused with the mark of the other copy', async (context) => {
    const path = await usedFile(context, 1)
    copySealed(path, `${path}.copy`)
    await commitUpTo(path, 3)
    const copy = await openSealed(`${path}.copy`)
    await commitNumber(copy, 7)
    await commitNumber(copy, 8)
    await copy.close()
    copyFileSync(`${path}.copy`, path)
    await refused(path, 'store_swapped', /another commit 4 than its mark/)
  })

  test('one whose mark was put back is refused', async (context) => {
    const path = await usedFile(context, 1)
    copyFileSync(`${path}.mark`, `${path}.old`)
    await commitUpTo(path, 3)
    copyFileSync(`${path}.old`, `${path}.mark`)
    await refused(path, 'mark_rolled_back', /mark ends with commit 2, the database with 4/)
  })

  test('INV-41 JRN-4 one that is a commit ahead, as after a crash between the two, goes on', async (context) => {
    const path = await usedFile(context, 1)
    copyFileSync(`${path}.mark`, `${path}.old`)
    await commitUpTo(path, 2)
    copyFileSync(`${path}.old`, `${path}.mark`)
    const database = await openSealed(path)
    context.after(() => database.close())
    assert.deepEqual(await counted(database), [2, 2])
    assert.equal((await readHighWaterMark(`${path}.mark`)).sequence, 3)
  })

  for (const bytes of [0, 1, 100, 4_095]) {
    test(`INV-41 JRN-4 a torn write of the mark leaves the commit before; one cut at ${bytes} bytes is refused`, async (context) => {
      const path = await usedFile(context, 2)
      const whole = readFileSync(`${path}.mark`)
      truncateSync(`${path}.mark`, bytes)
      await refused(path, 'mark_damaged', /does not say which commit was last/)
      // Commit 3 is in the second place: torn anywhere, the first place holds commit 2.
      const torn = Buffer.concat([whole.subarray(0, 4_096), Buffer.alloc(4_096)])
      whole.copy(torn, 4_096, 4_096, 4_096 + bytes)
      writeFileSync(`${path}.mark`, torn)
      const database = await openSealed(path)
      assert.deepEqual(await counted(database), [2, 2])
      await database.close()
      assert.deepEqual(readFileSync(`${path}.mark`), whole)
    })
  }

  test('one that is no commit ahead of half of a mark is refused: the other half may have been a later one', async (context) => {
    const path = await usedFile(context, 2)
    const mark = readFileSync(`${path}.mark`)
    mark.fill(0, 0, 10)
    writeFileSync(`${path}.mark`, mark)
    await refused(path, 'mark_damaged', /half of the mark/)
  })

  test('one of another owner, of another format, and one without a seal are refused by name', async (context) => {
    const path = await usedFile(context, 1)
    copySealed(path, `${path}.copy`)
    await tamper(`${path}.copy`, 'UPDATE seal SET format = 2')
    await assert.rejects(openSealed(`${path}.copy`), { code: 'store_version' })
    const older = join(temporaryFolder(context), 'older.db')
    await tamper(older, 'CREATE TABLE meta (name TEXT)')
    await assert.rejects(openSealed(older), { code: 'store_version' })
    assert.ok(!existsSync(`${older}.mark`))
    writeFileSync(`${path}.text`, 'no database'.repeat(100))
    await refused(`${path}.text`, 'store_corrupt', /is damaged/)
  })

  test('INV-41 JRN-7 one whose making was cut after its mark is made', async (context) => {
    const path = await usedFile(context, 0)
    const mark = readFileSync(`${path}.mark`, 'latin1')
    rmSync(path)
    await refused(path, 'store_rolled_back', /commit 1 was acted upon/)
    // Of a database that was never there, the mark says commit 0, in the first place.
    writeFileSync(`${path}.mark`, mark.slice(0, 4_096) + ' '.repeat(4_096))
    const database = await openSealed(path)
    await commitNumber(database, 1)
    assert.deepEqual(await counted(database), [1, 1])
    await database.close()
  })
})

describe('JRN-6 a restored copy', () => {
  const restored = { row: () => undefined }

  test('is taken as it is on the word of its owner, above all that was ever noted', async (context) => {
    const path = await usedFile(context, 1)
    copySealed(path, `${path}.old`)
    await commitUpTo(path, 5)
    copySealed(path, `${path}.newest`)
    copyFileSync(`${path}.old`, path)
    const database = await openSealed(path, {
      row: (_table, row) => (row['name'] === 'counter' ? ['counter', Uint8Array.of(9)] : undefined),
      writes: async () => [
        { kind: 'put', table: LIVE, values: ['row restored', Uint8Array.of(1)] } as const,
      ],
    })
    await database.close()
    assert.equal((await readHighWaterMark(`${path}.mark`)).sequence, 7)
    const again = await openSealed(path)
    assert.deepEqual(await counted(again), [9, 2])
    await again.close()
    // The file that it was a copy of is another database now.
    copyFileSync(`${path}.newest`, path)
    await refused(path, 'store_swapped', /that of another database/)
  })

  test('INV-41 is refused again when the process ends before its new mark', async (context) => {
    const path = await usedFile(context, 2)
    const mark = readFileSync(`${path}.mark`)
    await (await openSealed(path, restored)).close()
    writeFileSync(`${path}.mark`, mark)
    await refused(path, 'store_swapped', /that of another database/)
    await (await openSealed(path, restored)).close()
    await (await openSealed(path)).close()
  })

  for (const [what, spoil] of [
    ['without a mark', (mark: string) => rmSync(mark)],
    ['with a damaged mark', (mark: string) => writeFileSync(mark, 'x')],
  ] as const) {
    test(`is taken ${what}`, async (context) => {
      const path = await usedFile(context, 2)
      spoil(`${path}.mark`)
      const database = await openSealed(path, restored)
      assert.deepEqual(await counted(database), [2, 2])
      await database.close()
      await (await openSealed(path)).close()
    })
  }

  test('INV-42 is refused where it is damaged itself', async (context) => {
    const path = await usedFile(context, 2)
    await tamper(path, "DELETE FROM live_row WHERE name = 'row 1'")
    await assert.rejects(openSealed(path, restored), { code: 'store_corrupt' })
  })
})

describe('JRN-8 INV-18 INV-43 a commit that is in the database and not in the mark', () => {
  test('has failed, nothing is done after it, and the next start finds it done', {
    skip: !HAS_FULL_DEVICE,
  }, async (context) => {
    const path = await usedFile(context, 1)
    const database = await openSealed(path)
    fillDisk(`${path}.mark`)
    await assert.rejects(commitNumber(database, 2), { code: 'store_failed' })
    await assert.rejects(commitNumber(database, 2), { code: 'store_failed' })
    await assert.rejects(database.lookup(LIVE, [['counter']]), { code: 'store_failed' })
    await assert.rejects(counted(database), { code: 'store_failed' })
    await database.close()
    const again = await openSealed(path)
    assert.deepEqual(await counted(again), [2, 2])
    await again.close()
  })
})

describe('JRN-5 JRN-8 INV-18 a start on a full disk', () => {
  test('says that space is missing, also over a file whose checkpoint was cut, and changes nothing', {
    skip: !HAS_FULL_DEVICE,
  }, async (context) => {
    const path = join(temporaryFolder(context), 'store.db')
    const database = await openSealed(path)
    for (const n of [1, 2]) await commitNumber(database, n)
    copySealed(path, `${path}.copy`)
    await database.close()
    // A checkpoint that is cut after its first page; all of it is in the log, too.
    writeFileSync(`${path}.copy`, readFileSync(path).subarray(0, 4_096))
    symlinkSync('/dev/full', `${path}.copy.mark.part`)
    truncateSync(`${path}.copy.mark`, 4_096)
    await assert.rejects(openSealed(`${path}.copy`), {
      name: 'StoreFault',
      code: 'store_failed',
      message: /there is no space left to write .*\.mark: make room/,
    })
  })

  test('a new one is not made, and says so', async (context) => {
    const dir = temporaryFolder(context)
    const child = `import { openSqliteStore } from '@tallystick/client-sdk/node'
      await openSqliteStore(process.argv[1]).catch(({ code, message }) => console.log(code, message))`
    const said = execFileSync(
      'sh',
      ['-c', `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`, process.execPath].concat([
        ...['--input-type=module', '--eval', child, join(dir, 'wallet.db')],
      ]),
      { encoding: 'utf8' },
    )
    assert.match(said, /^store_failed /)
  })
})

test('INV-42 a process that runs on while its file is put away extends nothing that another could open', async (context) => {
  const path = await usedFile(context, 1)
  const first = await openSealed(path)
  context.after(() => first.close())
  renameSync(path, `${path}.away`)
  await refused(path, 'store_rolled_back', /is empty, and commit 2 was acted upon/)
})
