import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Genesis } from '@tallystick/protocol'
import sqlite3 from 'sqlite3'
import { shownGenesis } from '#settlement/node/check-tip-mark.js'
import { TipMark, writeTipMark } from '#settlement/store/tip-mark.js'

/** An empty folder that is removed after the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs SQL on a database file that nobody has open, as a hostile hand would. */
export async function tamper(path: string, sql: string): Promise<void> {
  const database = new sqlite3.Database(path)
  await new Promise<void>((resolve, reject) => {
    database.exec(sql, (error) => (error ? reject(error) : resolve()))
  })
  await new Promise<void>((resolve, reject) => {
    database.close((error) => (error ? reject(error) : resolve()))
  })
}

/** The mark of a validator of `genesis` in a folder; made if it is not there. */
export async function testMark(folder: string, genesis: Genesis): Promise<TipMark> {
  const path = join(folder, 'tip.mark')
  if (!existsSync(path)) {
    await writeTipMark(path, { ...shownGenesis(genesis), part: 'validator' })
  }
  return TipMark.open(path, 'validator')
}
