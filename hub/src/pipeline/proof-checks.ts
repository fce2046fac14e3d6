import {
  type EvidenceCheck,
  type PublicKey,
  signedBytes,
  toHex,
  verifyEvidence,
} from '@tallystick/protocol'
import type { SignatureCheck } from '@tallystick/protocol/workers'

/** Decides signatures with the verdict of `verifySignature`, in their order. */
export type VerifySignatures = (checks: readonly SignatureCheck[]) => Promise<readonly boolean[]>

/** Checks that go to the workers in one piece, while more are gathered. */
const CHECKS_TOGETHER = 64

/**
 * The signatures under the proofs of one batch, decided elsewhere while the batch is decided here: each
 * is taken to be good at first. What was decided counts only if all were; else it is decided again with
 * `heard`, which knows.
 */
export class ProofChecks {
  readonly #verify: VerifySignatures
  readonly #pieces: {
    readonly checks: readonly SignatureCheck[]
    readonly verdicts: Promise<readonly boolean[]>
  }[] = []
  #gathered: SignatureCheck[] = []
  /** What was found of each check, by its name. */
  readonly #known = new Map<string, boolean>()

  constructor(verify: VerifySignatures) {
    this.#verify = verify
  }

  /** Takes a proof to be good, and has its signature checked. */
  readonly assumed: EvidenceCheck = (chainId, publicKey, proof, evidence) => {
    const digest = signedBytes(chainId, proof, evidence)
    if (digest === undefined) return false
    this.#gathered.push({ publicKey, digest, signature: evidence.signature })
    if (this.#gathered.length === CHECKS_TOGETHER) this.#send()
    return true
  }

  /** Those of whom something was assumed that is not so. */
  async failed(): Promise<ReadonlySet<PublicKey>> {
    if (this.#gathered.length > 0) this.#send()
    const pieces = await Promise.all(this.#pieces.map(({ verdicts }) => verdicts))
    const all = pieces.flat()
    const failed = new Set<PublicKey>()
    if (!all.includes(false)) return failed
    const checks = this.#pieces.flatMap((piece) => piece.checks)
    for (const [i, check] of checks.entries()) {
      this.#known.set(nameOf(check), all[i] === true)
      if (all[i] !== true) failed.add(check.publicKey)
    }
    return failed
  }

  /** What the workers have said; what they were not asked is checked here. */
  readonly heard: EvidenceCheck = (chainId, publicKey, proof, evidence) => {
    const digest = signedBytes(chainId, proof, evidence)
    if (digest === undefined) return false
    const { signature } = evidence
    const known = this.#known.get(nameOf({ publicKey, digest, signature }))
    return known ?? verifyEvidence(chainId, publicKey, proof, evidence)
  }

  #send(): void {
    const checks = this.#gathered
    this.#gathered = []
    this.#pieces.push({ checks, verdicts: this.#verify(checks) })
  }
}

function nameOf({ publicKey, digest, signature }: SignatureCheck): string {
  return `${publicKey} ${toHex(digest)} ${toHex(signature)}`
}
