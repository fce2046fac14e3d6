import {
  type Anchor,
  earlierLink,
  invariant,
  type Rejection,
  reject,
  type Transaction,
  toHex,
} from '@tallystick/protocol'
import type { TransactionChecks } from '../core/transaction-checks.js'
import { HASH_STEPS_PER_TURN, HASHING_QUEUE_MAX } from '../limits.js'

/** Too much waits; the same transaction may be taken later. */
export type NodeBusy = Rejection<'node_busy'>

const STOPPING: NodeBusy = reject('node_busy', 'this node stops; hand it in again later')

/** The chains of one transaction, and how far they have been followed. */
type Job = {
  readonly body: Transaction['body']
  readonly checks: TransactionChecks
  readonly done: (outcome: number | NodeBusy) => void
  /** Steps that are left in all. */
  left: number
  /** The reveal that is being followed, and where in its chain that is. */
  position: number
  hash: Uint8Array | undefined
  stepsLeft: number
  workMs: number
}

/**
 * Follows the hash chains of reveals a few milliseconds at a time, so that long chains keep nobody
 * waiting. Nobody has paid for them yet: whoever has the fewest steps left is next, and where too
 * many wait the one with the most is sent away. So a flood of long chains delays long chains only.
 */
export class RevealHashing {
  readonly #jobs: Job[] = []
  #isRunning = false
  #isStopped = false

  /** Computes what `checks` will be asked for; the work that it took, milliseconds. */
  follow({ body }: Transaction, checks: TransactionChecks): Promise<number | NodeBusy> {
    const left = body.reveals.reduce((sum, { index }) => sum + index, 0)
    // Short chains are followed where they are needed.
    if (left <= HASH_STEPS_PER_TURN) return Promise.resolve(0)
    if (this.#isStopped) return Promise.resolve(STOPPING)
    return new Promise((done) => {
      const start = { position: -1, hash: undefined, stepsLeft: 0, workMs: 0 }
      this.#jobs.push({ body, checks, done, left, ...start })
      if (this.#jobs.length > HASHING_QUEUE_MAX) this.#sendAway()
      if (!this.#isRunning) this.#run()
    })
  }

  /** Whoever waits is told so at once: a node that stops does not finish what nobody has paid for. */
  stop(): void {
    this.#isStopped = true
    for (const job of [...this.#jobs]) this.#end(job, STOPPING)
  }

  #sendAway(): void {
    // Of several equal ones the last that came.
    const longest = this.#jobs.reduce((most, job) => (job.left >= most.left ? job : most))
    this.#end(
      longest,
      reject('node_busy', 'too many long hash chains wait to be followed; try again later'),
    )
  }

  #end(job: Job, outcome: number | NodeBusy): void {
    this.#jobs.splice(this.#jobs.indexOf(job), 1)
    job.done(outcome)
  }

  #run(): void {
    const [first] = this.#jobs
    this.#isRunning = first !== undefined
    if (first === undefined) return
    const next = this.#jobs.reduce((least, job) => (job.left < least.left ? job : least), first)
    const started = performance.now()
    const isDone = takeTurn(next)
    next.workMs += performance.now() - started
    if (isDone) this.#end(next, next.workMs)
    setImmediate(() => this.#run())
  }
}

/** Follows the chains of a job by `HASH_STEPS_PER_TURN` at most; whether all were followed. */
function takeTurn(job: Job): boolean {
  const { body, checks } = job
  for (let budget = HASH_STEPS_PER_TURN; budget > 0; ) {
    if (job.hash === undefined) {
      job.position++
      const reveal = body.reveals[job.position]
      if (reveal === undefined) return true
      job.hash = reveal.link
      job.stepsLeft = reveal.index
    }
    const steps = Math.min(job.stepsLeft, budget)
    const hash: Uint8Array = earlierLink(job.hash, steps)
    budget -= steps
    job.left -= steps
    job.stepsLeft -= steps
    job.hash = hash
    if (job.stepsLeft > 0) continue
    checks.noteAnchor(job.position, toHex(hash) as Anchor)
    job.hash = undefined
  }
  invariant(job.left >= 0, 'no more steps are followed than there are')
  return false
}
