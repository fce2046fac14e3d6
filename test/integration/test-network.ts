import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import {
  createMnemonic,
  deriveKeys,
  keyLock,
  type LockRoot,
  lockRoot,
  type Mnemonic,
  seedFromMnemonic,
} from '@tallystick/protocol'
import { type LocalNetwork, startLocalNetwork } from '#scripts/network/local-network.js'

/** One unit of the test asset as people see it, base units. */
export const ONE = 1_000_000n

/** A ledger and a hub of their own, as real processes, for one test. */
export type TestNetwork = LocalNetwork & {
  readonly dir: string
  /** A wallet whose payout key holds `coins` base units since the genesis. */
  wallet(name: string): Promise<OpenedWallet>
  seedOf(name: string): Uint8Array
  /** The words that stand for it. */
  wordsOf(name: string): string
}

/** Starts a network in which the named people hold 1,000 units each. */
export async function startTestNetwork(
  t: TestContext,
  people: readonly string[],
  disputeWindowSeconds = 3,
): Promise<TestNetwork> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-test-'))
  const words = new Map<string, Mnemonic>()
  const wordsOf = (name: string) => {
    const found = words.get(name) ?? createMnemonic(new Uint8Array(randomBytes(32)))
    words.set(name, found)
    return found
  }
  const seedOf = (name: string) => seedFromMnemonic(wordsOf(name), '')
  const network = await startLocalNetwork({
    dataDir: dir,
    network: 'test',
    asset: { code: 'GBP', decimals: 6, feePerKiloCost: 1_000 },
    allocations: people.map((name) => ({ lock: payoutLockOf(seedOf(name)), amount: 1_000n * ONE })),
    hubFunds: 1_000_000n * ONE,
    ledgerPort: 0,
    hubPort: 0,
    blockIntervalMs: 100,
    gatherMs: 50,
    disputeWindowSeconds,
    onRestart: (name, how) => t.diagnostic(`${name} ended: ${how}`),
    onFatal: (error) => {
      throw error
    },
  })
  const opened: OpenedWallet[] = []
  t.after(async () => {
    await Promise.all(opened.map((wallet) => wallet.close()))
    await network.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    ...network,
    dir,
    seedOf,
    wordsOf,
    wallet: async (name) => {
      const { ledgerUrl, hubUrl } = network
      const file = join(dir, `${name}.db`)
      const wallet = await openWallet({ words: seedOf(name), file, ledgerUrl, hubUrl })
      opened.push(wallet)
      return wallet
    },
  }
}

function payoutLockOf(seed: Uint8Array): LockRoot {
  return lockRoot(keyLock(deriveKeys(seed).payout(0).publicKey))
}
