import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestNetwork } from './test-network.js'

const WALLET = fileURLToPath(new URL('../../../wallet/dist/command/wallet.js', import.meta.url))

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs one command of the wallet to its end. */
export function walletCommand(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => run(args, resolve))
}

/** The same, with this on its standard input. */
export function walletCommandWith(input: string, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => run(args, resolve).stdin?.end(input))
}

function run(args: readonly string[], ended: (ran: Ran) => void): ChildProcess {
  return execFile(process.execPath, [WALLET, ...args], (error, stdout, stderr) => {
    ended({ code: error === null ? 0 : Number(error.code), stdout, stderr })
  })
}

/** Starts one and leaves it running. */
export function startWalletCommand(...args: readonly string[]): ChildProcess {
  return startWalletCommandTo('pipe', ...args)
}

/** The same; `stdout`: where to, as an open file. */
export function startWalletCommandTo(
  stdout: 'pipe' | number,
  ...args: readonly string[]
): ChildProcess {
  return spawn(process.execPath, [WALLET, ...args], { stdio: ['ignore', stdout, 'pipe'] })
}

/** The options by which a command finds the store of somebody in the network. */
export function placeOf(network: TestNetwork, name: string, store = `${name}.db`): string[] {
  const keys = join(network.dir, `${name}.keys`)
  writeFileSync(keys, `${network.wordsOf(name)}\n`, { mode: 0o600 })
  return ['--keys', keys, '--store', join(network.dir, store), '--ledger', network.ledgerUrl]
}
