import { fromHex } from '../primitives/bytes.js'
import {
  putCheck,
  type SharedChecks,
  type SignatureCheck,
  sharedChecks,
  TAKEN_CHECKS,
} from './signature-check.js'
import type { SignatureWorkerData } from './signature-worker.js'
import { WorkerPool } from './worker-pool.js'

/**
 * Checks signatures on all cores, with the verdict of `verifySignature`. Lives until `stop`. Workers
 * take checks from shared memory and need no word from this thread before all are decided: it may
 * be busy for long, executing the block before.
 */
export class SignaturePool {
  readonly #workers: WorkerPool<SharedChecks, 'decided'>

  /**
   * `standing`: 'behind' lets the main thread go first on a machine without a core to spare, where it has
   * other work to do meanwhile.
   */
  constructor(standing: SignatureWorkerData, workers?: number) {
    // By its name, as this module may stand in a bundle of another package.
    const script = new URL(import.meta.resolve('@tallystick/protocol/signature-worker'))
    this.#workers = new WorkerPool(script, { workerData: standing, workers })
  }

  /** Whether each signature is valid, in order. Rejects only when a worker has died. */
  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    const shared = sharedChecks(checks.length)
    for (const [number, { publicKey, digest, signature }] of checks.entries()) {
      putCheck(shared, number, fromHex(publicKey), digest, signature)
    }
    await this.decide(shared)
    return Array.from(shared.verdicts, (verdict) => verdict === 1)
  }

  /** Decides checks where they lie. Rejects only when a worker has died. */
  async decide(shared: SharedChecks): Promise<void> {
    const asked = Math.min(this.#workers.size, Math.ceil(shared.verdicts.length / TAKEN_CHECKS))
    await Promise.all(Array.from({ length: asked }, () => this.#workers.ask(shared)))
  }

  stop(): Promise<void> {
    return this.#workers.stop()
  }
}
