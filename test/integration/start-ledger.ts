import type { TestContext } from 'node:test'
import { temporaryFolder } from '../settlement/data-folder.js'
import { initTestLedger } from '../settlement/node-on-disk.js'
import { LedgerProcess } from './ledger-process.js'

/** A node of its own process over a new test ledger, until the test is over. */
export async function startLedger(context: TestContext): Promise<LedgerProcess> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir)
  const node = await LedgerProcess.start(dataDir, '--block-interval-ms', '5')
  context.after(() => node.kill())
  return node
}
