import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { TestNetwork } from './test-network.js'

export const MERCHANT = fileURLToPath(
  new URL('../../../merchant/dist/command/tally-merchant.js', import.meta.url),
)

/** What a server answers: its status, and the JSON of its body. */
export type Answer = {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever field it expects
  readonly body: any
}

/** A `tally-merchant run` of its own process. */
export class MerchantProcess {
  readonly url: string
  readonly dataDir: string
  readonly #child: ChildProcess
  readonly #said: Promise<string>

  private constructor(child: ChildProcess, said: Promise<string>, url: string, dataDir: string) {
    this.#child = child
    this.#said = said
    this.url = url
    this.dataDir = dataDir
  }

  /** Starts the shop `name` of a network, and waits until it serves. Throws its log if it ends before. */
  static async start(
    { dir, ledgerUrl, hubUrl, wordsOf }: TestNetwork,
    name: string,
    ...more: readonly string[]
  ): Promise<MerchantProcess> {
    const dataDir = join(dir, name)
    const words = join(dir, `${name}.words`)
    writeFileSync(words, `${wordsOf(name)}\n`, { mode: 0o600 })
    const child = spawn(
      process.execPath,
      [
        ...[MERCHANT, 'run', '--data', dataDir, '--keys', words, '--ledger', ledgerUrl],
        ...['--hub', hubUrl, '--port', '0', '--json', ...more],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const said = text(child.stderr)
    const line = await new Promise<string | undefined>((resolve) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('exit', () => resolve(undefined))
    })
    const { url }: { url?: string } = line === undefined ? {} : JSON.parse(line)
    if (url === undefined) throw new Error(await said)
    return new MerchantProcess(child, said, url, dataDir)
  }

  /** The operator's token. */
  get operator(): string {
    return readFileSync(join(this.dataDir, 'operator.token'), 'utf8').trim()
  }

  /** Asks as the operator, or with another token. */
  async get(path: string, token: string = this.operator): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return { status: answer.status, body: await answer.json() }
  }

  /** Has something done once, under a key of its own where none is given. */
  async post(
    path: string,
    body: object | string,
    { key = randomUUID(), token = this.operator }: { key?: string; token?: string } = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: answer.status, body: await answer.json() }
  }

  /** Power off: no handler of the process runs. */
  kill(): Promise<string> {
    return this.#end('SIGKILL')
  }

  /** Asks it to stop; its log. */
  stop(): Promise<string> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<string> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill(signal)
      await ended
    }
    return this.#said
  }
}
