import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Answer, Asked, WalletLine, WalletRequest } from './wallet-request.js'

const WORKER = fileURLToPath(new URL('./wallet-worker.js', import.meta.url))

export type WalletProcessOptions = {
  readonly name: string
  /** Hex. */
  readonly seed: string
  readonly file: string
  readonly ledgerUrl: string
  readonly hubUrl: string
  /** It noticed something, or ended without having been killed. */
  readonly onProblem: (code: string, detail: string) => void
}

/** Keeps a wallet process running: what a killed one had not answered, the next is asked again. */
export class WalletProcess {
  readonly name: string
  readonly #options: WalletProcessOptions
  readonly #open = new Map<number, { asked: Asked; answered: (answer: Answer) => void }>()
  #child: ChildProcess
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

  /** Power off at this instant. The next process starts at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  stop(): void {
    this.#isStopping = true
    this.#child.kill('SIGKILL')
  }

  #spawn(): ChildProcess {
    const { seed, file, ledgerUrl, hubUrl, onProblem } = this.#options
    const args = ['--enable-source-maps', WORKER, seed, file, ledgerUrl, hubUrl]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const { stdin, stdout, stderr } = child
    // A process that was killed reads no more; what it was asked is asked again.
    stdin.on('error', () => undefined)
    createInterface({ input: stdout }).on('line', (line) => this.#hear(JSON.parse(line)))
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

  #hear(line: WalletLine): void {
    switch (line.kind) {
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
