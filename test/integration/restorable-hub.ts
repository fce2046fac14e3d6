import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TestNetwork } from './test-network.js'

const HUB = new URL('../../../hub/dist/command/hub.js', import.meta.url)

/** The hub of a test network as a process that the test itself starts, kills and starts again. */
export class RestorableHub {
  readonly dir: string
  readonly #ledgerUrl: string
  readonly #held: number
  #port = 0
  #child: ChildProcess | undefined

  /** The network's own hub is held, so that there is one of this key. */
  constructor(t: TestContext, network: TestNetwork) {
    this.#held = Number(readFileSync(join(network.dir, 'hub.pid'), 'utf8'))
    process.kill(this.#held, 'SIGSTOP')
    this.dir = join(network.dir, 'own-hub')
    this.#ledgerUrl = network.ledgerUrl
    cpSync(join(network.dir, 'hub'), this.dir, { recursive: true })
    t.after(() => this.end('SIGKILL'))
  }

  /** Lets the network's own hub go, so that it stops as asked. */
  giveBack(): void {
    process.kill(this.#held, 'SIGCONT')
  }

  /** Where sessions are served; the same after every start. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}/v1/session`
  }

  async start(...more: readonly string[]): Promise<void> {
    const args = ['run', '--json', '--data', this.dir, '--ledger', this.#ledgerUrl]
    const bounds = ['--dispute-window', '3', '--gather-ms', '50', '--port', String(this.#port)]
    this.#child = spawn(process.execPath, [fileURLToPath(HUB), ...args, ...bounds, ...more], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('the hub has an output')
    const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string]
    this.#port = Number(new URL((JSON.parse(line) as { url: string }).url).port)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}
