import { join } from 'node:path'
import { commandJson } from '../network/local-network.js'
import { SupervisedProcess } from '../network/supervised-process.js'

const TOWER = new URL('../../../watchtower/dist/command/watchtower.js', import.meta.url)

/** Starts a watchtower on a ledger, which starts again whenever it is killed. */
export async function startCrashTower({
  dataDir,
  ledgerUrl,
  onRestart,
  onFatal,
}: {
  readonly dataDir: string
  readonly ledgerUrl: string
  readonly onRestart: (name: string, how: string) => void
  readonly onFatal: (error: Error) => void
}): Promise<{ readonly process: SupervisedProcess; readonly url: string }> {
  const towerDir = join(dataDir, 'tower')
  commandJson(TOWER, ['init', '--data', towerDir])
  const { process, listening } = await SupervisedProcess.start(
    {
      name: 'tower',
      script: TOWER,
      args: ['run', '--stop-with-parent', '--data', towerDir, '--ledger', ledgerUrl],
      port: 0,
      logFile: join(dataDir, 'tower.log'),
      pidFile: join(dataDir, 'tower.pid'),
      onRestart,
    },
    onFatal,
  )
  return { process, url: listening.url }
}
