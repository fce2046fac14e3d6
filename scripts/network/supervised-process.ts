import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { lastWord } from './last-word.js'

/** What a process of ours says on standard output once it serves. */
export type Listening = { readonly event: 'listening'; readonly url: string } & Record<
  string,
  unknown
>

/** What it says there when it cannot start. */
type Refusal = {
  readonly event?: never
  readonly error: { readonly code: string; readonly detail: string }
}

export type SupervisedOptions = {
  readonly name: string
  /** Compiled command line entry. */
  readonly script: URL
  /** Arguments without the port, which stays the same over restarts. */
  readonly args: readonly string[]
  readonly port: number
  /** Standard error is appended here. */
  readonly logFile: string
  /** Holds the process id while it runs, for operators and tests. */
  readonly pidFile: string
  readonly onRestart: (name: string, how: string) => void
}

/** What a process was doing when it was killed. */
export type Killed = 'serving' | 'starting'

/** Milliseconds that a process may take from start to serving. */
const START_MS = 60_000
/** Milliseconds that it may take to stop when it is asked. */
const STOP_MS = 10_000
/** Milliseconds before the first new start after an end; the n-th in a row waits n times as long. */
const RESTART_MS = 50
/** Starts that fail in a row before the supervisor gives up on one that has served, or may yet. */
const FAILED_STARTS_MAX = 20
/** Why a start may fail that passes: a process of an earlier run still stops. */
const PASSING = new Set(['store_in_use', 'address_unusable'])
/** Starts that fail so before one that never served is given up. */
const PASSING_STARTS_MAX = 6

/** Keeps one process running: whenever it ends unasked, it is started again on the same port. */
export class SupervisedProcess {
  readonly #options: SupervisedOptions
  readonly #onFatal: (error: Error) => void
  readonly #onListening: (listening: Listening) => void
  #child: ChildProcess | undefined
  #phase: Killed | 'killed' | 'ended' = 'ended'
  #spawnedMs = 0
  #startMs = 0
  #port: number
  #stopping = false
  #failedStarts = 0
  #restarts = 0
  #hasServed = false

  private constructor(
    options: SupervisedOptions,
    onFatal: (error: Error) => void,
    onListening: (listening: Listening) => void,
  ) {
    this.#options = options
    this.#onFatal = onFatal
    this.#onListening = onListening
    this.#port = options.port
  }

  /** Starts the process and waits until it serves. `onFatal`: it cannot be kept running. */
  static async start(
    options: SupervisedOptions,
    onFatal: (error: Error) => void,
  ): Promise<{ readonly process: SupervisedProcess; readonly listening: Listening }> {
    const listening = await new Promise<[SupervisedProcess, Listening]>((resolve, reject) => {
      const supervised: SupervisedProcess = new SupervisedProcess(
        options,
        (error) => {
          reject(error)
          onFatal(error)
        },
        (first) => resolve([supervised, first]),
      )
      supervised.#spawn()
    })
    return { process: listening[0], listening: listening[1] }
  }

  get restarts(): number {
    return this.#restarts
  }

  /** How long the last start took that came to serving, milliseconds. */
  get startMs(): number {
    return this.#startMs
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Power off at this instant; `undefined`: it was off already. The next start comes at once. */
  kill(): Killed | undefined {
    const phase = this.#phase
    if (phase === 'killed' || phase === 'ended' || !this.#child?.kill('SIGKILL')) return undefined
    this.#phase = 'killed'
    return phase
  }

  /** Asks the process to stop and waits until it has. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.kill('SIGTERM')
    await ended
    clearTimeout(timer)
  }

  #spawn(): void {
    const { name, script, args, logFile, pidFile } = this.#options
    const log = openSync(logFile, 'a')
    const child = spawn(
      process.execPath,
      [fileURLToPath(script), ...args, '--port', String(this.#port), '--json'],
      // A session of its own: Ctrl-C is for us, and we stop the child in its turn. The end of its
      // input tells it that this process is gone, however it went.
      { stdio: ['pipe', 'pipe', log], detached: true },
    )
    closeSync(log)
    this.#child = child
    this.#phase = 'starting'
    this.#spawnedMs = performance.now()
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS)
    const { stdout } = child
    let refusal: Refusal['error'] | undefined
    if (stdout === null) throw new Error(`the standard output of ${name} is a pipe`)
    createInterface({ input: stdout }).once('line', (line) => {
      const said = JSON.parse(line) as Listening | Refusal
      // It says why it cannot start, and ends.
      if (said.event === undefined) {
        refusal = said.error
        return
      }
      clearTimeout(timer)
      // Only now: who cannot start must not take the place of one that runs.
      writeFileSync(pidFile, `${child.pid}\n`)
      if (this.#phase === 'starting') this.#phase = 'serving'
      this.#startMs = performance.now() - this.#spawnedMs
      this.#hasServed = true
      this.#port = Number(new URL(said.url).port)
      this.#failedStarts = 0
      this.#onListening(said)
    })
    // Not 'exit': what it said is read to the end first.
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      this.#ended(signal ?? `code ${code}`, refusal)
    })
  }

  #ended(how: string, refusal: Refusal['error'] | undefined): void {
    const wasKilled = this.#phase === 'killed'
    this.#phase = 'ended'
    if (this.#stopping) return
    // Nothing stands in its way: it was well.
    if (wasKilled) {
      this.#restarts++
      return this.#spawn()
    }
    const { name, logFile, onRestart } = this.#options
    this.#failedStarts++
    // Others may write to the same log: its own word goes first.
    const { code, detail } =
      refusal === undefined
        ? (lastWord(readFileSync(logFile, 'utf8')) ?? {
            code: '',
            detail: `${how}, see ${logFile}`,
          })
        : { ...refusal, detail: `${refusal.code}: ${refusal.detail}` }
    const patience = this.#hasServed
      ? FAILED_STARTS_MAX
      : PASSING.has(code)
        ? PASSING_STARTS_MAX
        : 0
    if (this.#failedStarts > patience) {
      this.#onFatal(new Error(`the ${name} cannot start (${how}): ${detail}`))
      return
    }
    if (this.#hasServed) this.#restarts++
    if (this.#hasServed || this.#failedStarts === 1) onRestart(name, detail)
    // Waits longer each time: what stands in the way (the lock of a process that still stops) passes.
    setTimeout(() => {
      if (!this.#stopping) this.#spawn()
    }, RESTART_MS * this.#failedStarts)
  }
}
