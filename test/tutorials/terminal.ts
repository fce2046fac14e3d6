import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a terminal starts with. */
export type TerminalPlace = {
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
}

/** Milliseconds that what was left running may take to stop. */
const STOP_MS = 10_000

/**
 * A shell as its reader has it open: what one command leaves in variables and the folder that it goes to are there
 * for the next. Lines of standard output can be waited for while a command runs.
 */
export class Terminal {
  readonly #place: TerminalPlace
  readonly #state: string
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #code: number | string | undefined
  #lines: string[] = []
  #rest = ''
  #errors = ''
  #news: () => void = () => undefined

  /** `name` tells it from other terminals of the folder. */
  constructor(place: TerminalPlace, name: string) {
    this.#place = place
    this.#state = join(place.dir, `.terminal-${name}`)
  }

  /** Begins a command; what an earlier one has printed is forgotten. */
  begin(command: string): void {
    if (this.#child !== undefined && this.#code === undefined) {
      throw new Error('something runs in this terminal already')
    }
    const before = existsSync(this.#state) ? readFileSync(this.#state, 'utf8') : ''
    const after = `{ export -p; echo "cd '$PWD'"; } > '${this.#state}'`
    const { dir, env } = this.#place
    // A group of its own, so that what a command has started can be stopped with it.
    const child = spawn('sh', ['-aeu', '-c', `${before}\n${command}\n${after}`], {
      ...{ cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    })
    this.#child = child
    this.#code = undefined
    this.#lines = []
    this.#rest = ''
    this.#errors = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = `${this.#rest}${chunk}`.split('\n')
      this.#rest = parts.pop() ?? ''
      this.#lines.push(...parts)
      this.#news()
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors += chunk
    })
    this.#ended = once(child, 'close').then(([code, signal]) => {
      if (this.#rest !== '') this.#lines.push(this.#rest)
      this.#code = signal ?? code ?? 0
      this.#news()
    })
  }

  /** All that it prints until it ends. Throws what it says where it fails. */
  async end(): Promise<readonly string[]> {
    await this.#ended
    if (this.#code !== 0) throw new Error(this.#said(`it ended with ${this.#code}`))
    return this.#lines.splice(0)
  }

  /** The next lines that it prints, while it runs on. Throws what it says where it ends before. */
  async next(count: number): Promise<readonly string[]> {
    while (this.#lines.length < count) {
      if (this.#code !== undefined) throw new Error(this.#said(`it ended with ${this.#code}`))
      await new Promise<void>((resolve) => {
        this.#news = resolve
      })
    }
    return this.#lines.splice(0, count)
  }

  /** Ends what runs, as Ctrl-C does. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined || this.#code !== undefined) return
    signalGroup(child.pid, 'SIGINT')
    const timer = setTimeout(() => signalGroup(child.pid ?? 0, 'SIGKILL'), STOP_MS)
    await this.#ended
    clearTimeout(timer)
  }

  #said(what: string): string {
    return `${what}: ${[...this.#lines, this.#errors].join('\n')}`
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
