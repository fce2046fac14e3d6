import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { packChecks, type SignatureCheck } from './signature-check.js'

/** Checks of one message: at 64 and more, sending them costs less than a hundredth of the work. */
const MESSAGE_CHECKS = 128
/** Messages that one worker holds; the rest wait, so that all workers end at the same time. */
const MESSAGES_PER_WORKER = 2

type Job = {
  readonly packed: Uint8Array<ArrayBuffer>
  readonly done: (verdicts: Uint8Array) => void
  readonly failed: (error: unknown) => void
}

type Helper = { readonly worker: Worker; readonly jobs: Job[] }

/**
 * Checks signatures on all cores, with the verdict of `verifySignature`. Lives until `stop`; while
 * nothing is asked of it, it keeps no process alive.
 */
export class SignaturePool {
  readonly #helpers: readonly Helper[]
  readonly #waiting: Job[] = []
  #fault: unknown

  constructor(workers: number = availableParallelism()) {
    this.#helpers = Array.from({ length: workers }, () => this.#startHelper())
  }

  /** Whether each signature is valid, in order. Rejects only when a worker has died. */
  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    const parts: Promise<Uint8Array>[] = []
    for (let from = 0; from < checks.length; from += MESSAGE_CHECKS) {
      parts.push(this.#send(packChecks(checks.slice(from, from + MESSAGE_CHECKS))))
    }
    const verdicts = await Promise.all(parts)
    return verdicts.flatMap((part) => Array.from(part, (verdict) => verdict === 1))
  }

  async stop(): Promise<void> {
    this.#fail(new Error('the signature pool was stopped'))
    await Promise.all(this.#helpers.map(({ worker }) => worker.terminate()))
  }

  #send(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return new Promise((done, failed) => {
      this.#waiting.push({ packed, done, failed })
      for (const helper of this.#helpers) this.#feed(helper)
    })
  }

  #feed({ worker, jobs }: Helper): void {
    while (jobs.length < MESSAGES_PER_WORKER) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      jobs.push(job)
      worker.ref()
      worker.postMessage(job.packed, [job.packed.buffer])
    }
  }

  #startHelper(): Helper {
    const worker = new Worker(new URL('./signature-worker.js', import.meta.url))
    const helper: Helper = { worker, jobs: [] }
    worker.on('message', (verdicts: Uint8Array) => {
      helper.jobs.shift()?.done(verdicts)
      this.#feed(helper)
      if (helper.jobs.length === 0) worker.unref()
    })
    worker.on('error', (error) => this.#fail(error))
    worker.unref()
    return helper
  }

  #fail(fault: unknown): void {
    this.#fault ??= fault
    const held = this.#helpers.flatMap(({ jobs }) => jobs.splice(0))
    for (const { failed } of [...held, ...this.#waiting.splice(0)]) failed(this.#fault)
  }
}
