import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import { deriveKeys, keyLock, type LockRoot, lockRoot } from '@tallystick/protocol'
import { commandJson } from '#scripts/network/local-network.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { HubProcess } from './hub-process.js'
import { LedgerProcess } from './ledger-process.js'
import { ONE } from './test-network.js'

const LEDGER = new URL('../../../settlement/dist/command/ledger.js', import.meta.url)
const HUB = new URL('../../../hub/dist/command/hub.js', import.meta.url)

/** A ledger, a hub whose files a test may spoil between its starts, and two people. */
export type HubOnDisk = {
  readonly dir: string
  readonly hubDir: string
  readonly ledger: LedgerProcess
  startHub(options?: {
    dataDir?: string
    port?: number
    fileBlocksMax?: number
  }): Promise<HubProcess>
  wallet(name: string, hub: HubProcess): Promise<TestWallet>
}

export type TestWallet = OpenedWallet & {
  readonly file: string
  /** Codes of what it noticed. */
  readonly problems: readonly string[]
}

/** Sets them up; alice and bob hold 1,000 units each. */
export async function hubOnDisk(
  context: TestContext,
  ...ledgerOptions: readonly string[]
): Promise<HubOnDisk> {
  const dir = temporaryFolder(context)
  const [hubDir, ledgerDir] = [join(dir, 'hub'), join(dir, 'ledger')]
  const seeds = { alice: new Uint8Array(randomBytes(64)), bob: new Uint8Array(randomBytes(64)) }
  const { payout_lock } = commandJson(HUB, ['init', '--data', hubDir]) as { payout_lock: LockRoot }
  const funded = [payout_lock, payoutLockOf(seeds.alice), payoutLockOf(seeds.bob)]
  commandJson(LEDGER, [
    ...['init', '--data', ledgerDir, '--network', 'test', '--asset', 'GBP:6:1000'],
    ...['--dispute-window-min', '1'],
    ...funded.flatMap((lock) => ['--allocate', `${lock}:0:${1_000n * ONE}`]),
  ])
  const ledger = await LedgerProcess.start(ledgerDir, '--block-interval-ms', '50', ...ledgerOptions)
  context.after(() => ledger.kill())
  return {
    ...{ dir, hubDir, ledger },
    startHub: async (options = {}) => {
      const hub = await HubProcess.start({ dataDir: hubDir, ledgerUrl: ledger.url, ...options })
      context.after(() => hub.kill())
      return hub
    },
    wallet: async (name, hub) => {
      const file = join(dir, `${name}.db`)
      const problems: string[] = []
      const opened = await openWallet({
        ...{ words: seeds[name as keyof typeof seeds], file },
        ...{ ledgerUrl: ledger.url, hubUrl: hub.sessionUrl },
        onEvent: (event) => {
          if (event.kind === 'problem') problems.push(event.code)
        },
      })
      context.after(() => opened.close())
      return { ...opened, file, problems }
    },
  }
}

function payoutLockOf(seed: Uint8Array): LockRoot {
  return lockRoot(keyLock(deriveKeys(seed).payout(0).publicKey))
}
