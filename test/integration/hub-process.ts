import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const HUB = fileURLToPath(new URL('../../../hub/dist/command/hub.js', import.meta.url))

export type HubOptions = {
  readonly dataDir: string
  readonly ledgerUrl: string
  readonly port?: number
  /** Files may grow to so many blocks of 512 bytes; absent: as long as they like. */
  readonly fileBlocksMax?: number
}

/** A `hub run` of its own process. */
export class HubProcess {
  readonly url: string
  readonly #child: ChildProcess
  readonly #said: Promise<string>

  private constructor(child: ChildProcess, said: Promise<string>, url: string) {
    this.#child = child
    this.#said = said
    this.url = url
  }

  /** Starts a hub and waits until it serves. Throws its log if it ends before. */
  static async start(options: HubOptions): Promise<HubProcess> {
    const { dataDir, ledgerUrl, port = 0, fileBlocksMax } = options
    const child = spawn(
      'sh',
      [
        '-c',
        `trap '' XFSZ; ulimit -f ${fileBlocksMax ?? 'unlimited'}; exec "$0" "$@"`,
        ...[process.execPath, HUB, 'run', '--data', dataDir, '--ledger', ledgerUrl],
        ...['--port', String(port), '--dispute-window', '3', '--gather-ms', '20', '--json'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const said = text(child.stderr)
    const line = await new Promise<string | undefined>((resolve) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('exit', () => resolve(undefined))
    })
    const { url }: { url?: string } = line === undefined ? {} : JSON.parse(line)
    // What it could not start for, it tells on its first line, too.
    if (url === undefined) throw new Error(await said)
    return new HubProcess(child, said, url)
  }

  /** Where wallets connect to. */
  get sessionUrl(): string {
    return `${this.url.replace('http', 'ws')}/v1/session`
  }

  /** Waits until it ends by itself; its exit code and its log. */
  async ended(): Promise<readonly [code: number | null, log: string]> {
    if (this.#isRunning) await once(this.#child, 'exit')
    return [this.#child.exitCode, await this.#said]
  }

  /** Power off: no handler of the process runs. */
  kill(): Promise<string> {
    return this.#end('SIGKILL')
  }

  /** Asks it to stop; its log. */
  stop(): Promise<string> {
    return this.#end('SIGTERM')
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #end(signal: NodeJS.Signals): Promise<string> {
    if (this.#isRunning) {
      const ended = once(this.#child, 'exit')
      this.#child.kill(signal)
      await ended
    }
    return this.#said
  }
}
