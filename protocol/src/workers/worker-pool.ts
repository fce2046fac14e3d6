import { availableParallelism } from 'node:os'
import { type Transferable, Worker } from 'node:worker_threads'

/** Jobs that one worker holds; the rest wait, so that all workers end at the same time. */
const JOBS_PER_WORKER = 2

type Job<Question, Answer> = {
  readonly question: Question
  readonly moved: readonly Transferable[]
  readonly done: (answer: Answer) => void
  readonly failed: (error: unknown) => void
}

type Helper<Question, Answer> = { readonly worker: Worker; readonly jobs: Job<Question, Answer>[] }

/** A worker thread ended though nobody had stopped it, and without an error of its own. */
export class WorkerGone extends Error {
  override readonly name = 'WorkerGone'
  readonly code = 'worker_gone'

  constructor(exitCode: number) {
    super(
      `a worker thread ended by itself, with code ${exitCode}: what it was asked is not answered`,
    )
  }
}

/**
 * Worker threads that answer one message with one message each, on all cores. Lives until `stop`;
 * while nothing is asked of it, it keeps no process alive. When a worker dies, all fails.
 */
export class WorkerPool<Question, Answer> {
  readonly #script: URL
  readonly #workerData: unknown
  readonly #helpers: readonly Helper<Question, Answer>[]
  readonly #waiting: Job<Question, Answer>[] = []
  #fault: unknown

  /** `workerData` is what the script is started with; as many workers as cores if none are told. */
  constructor(
    script: URL,
    {
      workerData,
      workers,
    }: { readonly workerData?: unknown; readonly workers?: number | undefined } = {},
  ) {
    this.#script = script
    this.#workerData = workerData
    this.#helpers = Array.from({ length: workers ?? availableParallelism() }, () =>
      this.#startHelper(),
    )
  }

  /** `moved`: memory of the question that the worker takes over, so that it is not copied. */
  ask(question: Question, moved: readonly Transferable[] = []): Promise<Answer> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return new Promise((done, failed) => {
      this.#waiting.push({ question, moved, done, failed })
      // To whoever has the least to do: questions that are asked together go to all of them.
      const [idlest] = this.#helpers.toSorted((a, b) => a.jobs.length - b.jobs.length)
      if (idlest !== undefined) this.#feed(idlest)
    })
  }

  /** Worker threads. */
  get size(): number {
    return this.#helpers.length
  }

  async stop(): Promise<void> {
    this.#fail(new Error('the worker pool was stopped'))
    await Promise.all(this.#helpers.map(({ worker }) => worker.terminate()))
  }

  #feed({ worker, jobs }: Helper<Question, Answer>): void {
    while (jobs.length < JOBS_PER_WORKER) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      jobs.push(job)
      worker.ref()
      worker.postMessage(job.question, [...job.moved])
    }
  }

  #startHelper(): Helper<Question, Answer> {
    const worker = new Worker(this.#script, { workerData: this.#workerData })
    const helper: Helper<Question, Answer> = { worker, jobs: [] }
    worker.on('message', (answer: Answer) => {
      helper.jobs.shift()?.done(answer)
      this.#feed(helper)
      // While the pool stops, what waits for the end of the thread keeps the process alive.
      if (helper.jobs.length === 0 && this.#fault === undefined) worker.unref()
    })
    worker.on('error', (error) => this.#fail(error))
    worker.on('messageerror', (error) => this.#fail(error))
    // A thread may end without an error: who waits for its answer would wait for ever.
    worker.on('exit', (exitCode) => this.#fail(new WorkerGone(exitCode)))
    worker.unref()
    return helper
  }

  #fail(fault: unknown): void {
    if (this.#fault === undefined) {
      this.#fault = fault
      for (const { worker } of this.#helpers) worker.unref()
    }
    const held = this.#helpers.flatMap(({ jobs }) => jobs.splice(0))
    for (const { failed } of [...held, ...this.#waiting.splice(0)]) failed(this.#fault)
  }
}
