import { WorkerPool } from '../workers/worker-pool.js'
import { packChecks, type SignatureCheck } from './signature-check.js'

/** Checks of one message: at 64 and more, sending them costs less than a hundredth of the work. */
const MESSAGE_CHECKS = 128

/** Checks signatures on all cores, with the verdict of `verifySignature`. Lives until `stop`. */
export class SignaturePool {
  readonly #workers = new WorkerPool<Uint8Array, Uint8Array>(
    new URL('../workers/signature-worker.js', import.meta.url),
  )

  /** Whether each signature is valid, in order. Rejects only when a worker has died. */
  async verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
    const parts: Promise<Uint8Array>[] = []
    for (let from = 0; from < checks.length; from += MESSAGE_CHECKS) {
      const packed = packChecks(checks.slice(from, from + MESSAGE_CHECKS))
      parts.push(this.#workers.ask(packed, [packed.buffer]))
    }
    const verdicts = await Promise.all(parts)
    return verdicts.flatMap((part) => Array.from(part, (verdict) => verdict === 1))
  }

  stop(): Promise<void> {
    return this.#workers.stop()
  }
}
