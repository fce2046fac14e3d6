import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Killed } from '../network/supervised-process.js'
import type { Answer, Asked, WalletLine, WalletRequest } from './wallet-request.js'

const WORKER = fileURLToPath(new URL('./wallet-worker.js', import.meta.url))

export type WalletProcessOptions = {
  readonly name: string
  /** Hex. */
  readonly seed: string
  readonly file: string
  readonly ledgerUrl: string
  readonly hubUrl: string
  readonly towerUrl: string
  /** It noticed something, or ended without having been killed. */
  readonly onProblem: (code: string, detail: string) => void
}

/** Keeps a wallet process running: what a killed one had not answered, the next is asked again. */
export class WalletProcess {
  readonly name: string
  readonly #options: WalletProcessOptions
  readonly #open = new Map<number, { asked: Asked; answered: (answer: Answer) => void }>()
  #child: ChildProcess
  #phase: Killed | 'killed' = 'starting'
  #spawnedMs = 0
  #startMs = 0
  #asked = 0
  #isStopping = false

  constructor(options: WalletProcessOptions) {
    this.name = options.name
    this.#options = options
    this.#child = this.#spawn()
  }

  ask(request: WalletRequest): Promise<Answer> {
    const asked = { id: ++this.#asked, request }
    return new Promise((answered) => {
      this.#open.set(asked.id, { asked, answered })
      this.#say(asked)
    })
  }

  /** How long the last start took that came to an open wallet, milliseconds. */
  get startMs(): number {
    return this.#startMs
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What it was asked and has not answered, as JSON. */
  get waiting(): readonly string[] {
    return [...this.#open.values()].map(({ asked }) => JSON.stringify(asked.request))
  }

  /** Power off at this instant; `undefined`: it was off already. The next process starts at once. */
  kill(): Killed | undefined {
    const phase = this.#phase
    if (phase === 'killed' || !this.#child.kill('SIGKILL')) return undefined
    this.#phase = 'killed'
    return phase
  }

  /** The same for good; resolves when it is off. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  #spawn(): ChildProcess {
    const { seed, file, ledgerUrl, hubUrl, towerUrl, onProblem } = this.#options
    const args = [WORKER, seed, file, ledgerUrl, hubUrl, towerUrl]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#phase = 'starting'
    this.#spawnedMs = performance.now()
    const { stdin, stdout, stderr } = child
    // A process that was killed reads no more; what it was asked is asked again.
    stdin.on('error', () => undefined)
    createInterface({ input: stdout }).on('line', (line) => this.#hear(child, JSON.parse(line)))
    const said = text(stderr)
    child.once('exit', async (code, signal) => {
      if (this.#isStopping) return
      if (signal !== 'SIGKILL') onProblem('wallet_ended', `code ${code}: ${await said}`)
      this.#child = this.#spawn()
      for (const { asked } of this.#open.values()) this.#say(asked)
    })
    return child
  }

  #say(asked: Asked): void {
    this.#child.stdin?.write(`${JSON.stringify(asked)}\n`)
  }

  #hear(child: ChildProcess, line: WalletLine): void {
    switch (line.kind) {
      case 'opened': {
        // What a killed one said last comes late.
        if (child !== this.#child || this.#phase !== 'starting') return
        this.#phase = 'serving'
        this.#startMs = performance.now() - this.#spawnedMs
        return
      }
      case 'answer': {
        this.#open.get(line.id)?.answered(line.answer)
        this.#open.delete(line.id)
        return
      }
      case 'problem':
        return this.#options.onProblem(line.code, line.detail)
    }
  }
}
