import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ChainId } from '@tallystick/protocol'

const LEDGER = fileURLToPath(new URL('../../../settlement/dist/command/ledger.js', import.meta.url))

/** A `ledger run` or `ledger follow` of its own process. */
export class LedgerProcess {
  readonly url: string
  readonly chainId: ChainId
  /** All that it said when it was ready. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, facts: { url: string; chain_id: ChainId }) {
    this.#child = child
    this.url = facts.url
    this.chainId = facts.chain_id
    this.facts = facts
  }

  /** Starts a node over a data folder and waits until it serves. Throws what it said if it ends. */
  static start(dataDir: string, ...options: readonly string[]): Promise<LedgerProcess> {
    return LedgerProcess.#serve('run', '--data', dataDir, ...options)
  }

  /** Starts a follower of the node at `from`. */
  static follow(dataDir: string, from: string, ...options: string[]): Promise<LedgerProcess> {
    return LedgerProcess.#serve('follow', '--data', dataDir, '--from', from, ...options)
  }

  static async #serve(...command: readonly string[]): Promise<LedgerProcess> {
    const args = [LEDGER, ...command, '--port', '0', '--json']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = text(child.stderr)
    const line = await new Promise<string | undefined>((resolve) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('exit', () => resolve(undefined))
    })
    const facts: { url?: string; chain_id?: ChainId } = line === undefined ? {} : JSON.parse(line)
    const { url, chain_id } = facts
    // What it could not start for, it tells on its first line, too.
    if (url === undefined || chain_id === undefined) throw new Error(await said)
    return new LedgerProcess(child, { ...facts, url, chain_id })
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Waits until it ends by itself; its exit code. */
  async ended(): Promise<number | null> {
    if (this.isRunning) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  /** Power off: no handler of the process runs. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to stop; its exit code. */
  stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number | null> {
    return this.#end(signal)
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) {
      const ended = once(this.#child, 'exit')
      this.#child.kill(signal)
      await ended
    }
    return this.#child.exitCode
  }
}

/** Runs one command of the ledger and kills it as soon as `isDue`, or lets it end before that. */
export async function killedCommand(args: readonly string[], isDue: () => boolean): Promise<void> {
  const child = spawn(process.execPath, [LEDGER, ...args], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const isRunning = () => child.exitCode === null && child.signalCode === null
  while (isRunning() && !isDue()) await new Promise((resolve) => setImmediate(resolve))
  if (isRunning()) child.kill('SIGKILL')
  await ended
}

/** Runs one command of the ledger to its end. */
export function ledgerCommand(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [LEDGER, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
