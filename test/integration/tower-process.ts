import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import type { LockRoot, PublicKey } from '@tallystick/protocol'
import { commandJson } from '#scripts/network/local-network.js'
import { SupervisedProcess } from '#scripts/network/supervised-process.js'
import type { TestNetwork } from './test-network.js'

const TOWER = new URL('../../../watchtower/dist/command/watchtower.js', import.meta.url)

/** A watchtower as a real process, for one test. */
export type TowerProcess = {
  readonly key: PublicKey
  readonly payoutLock: LockRoot
  /** Where it says things over HTTP, and where owners are heard. */
  readonly url: string
  readonly sessionUrl: string
  readonly dataDir: string
  readonly logFile: string
  /** Ends it in the middle of whatever it does; it is started again by itself. */
  kill(): void
  stop(): Promise<void>
  start(): Promise<void>
}

/** Makes the key of a tower: what has to be known before it is funded. */
export function initTower(network: TestNetwork, name: string) {
  const dataDir = join(network.dir, name)
  const facts = commandJson(TOWER, ['init', '--data', dataDir]) as {
    readonly tower: PublicKey
    readonly payout_lock: LockRoot
  }
  return { dataDir, key: facts.tower, payoutLock: facts.payout_lock }
}

/** Starts a tower on the ledger of `network`. */
export async function startTower(
  t: TestContext,
  network: TestNetwork,
  name: string,
  options: readonly string[] = [],
): Promise<TowerProcess> {
  const { dataDir, key, payoutLock } = initTower(network, name)
  const logFile = join(network.dir, `${name}.log`)
  const pidFile = join(network.dir, `${name}.pid`)
  const args = ['run', '--stop-with-parent', '--data', dataDir, '--ledger', network.ledgerUrl]
  const start = (port: number) =>
    SupervisedProcess.start(
      {
        ...{ name, script: TOWER, args: [...args, ...options], port, logFile, pidFile },
        onRestart: (_, how) => t.diagnostic(`${name} ended: ${how}`),
      },
      (error) => {
        throw error
      },
    )
  let running = await start(0)
  const { url } = running.listening
  t.after(() => running.process.stop())
  return {
    ...{ key, payoutLock, url, dataDir, logFile },
    sessionUrl: `${url.replace('http', 'ws')}/v1/session`,
    kill: () => process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL'),
    stop: () => running.process.stop(),
    start: async () => {
      running = await start(Number(new URL(url).port))
    },
  }
}

/** A wallet of `network` that these towers guard. */
export function openGuarded(
  network: TestNetwork,
  name: string,
  towers: readonly TowerProcess[],
): Promise<OpenedWallet> {
  const { ledgerUrl, hubUrl } = network
  return openWallet({
    ...{ words: network.seedOf(name), file: join(network.dir, `${name}.db`), ledgerUrl, hubUrl },
    towers: towers.map(({ sessionUrl: url, key }) => ({ url, key })),
  })
}
