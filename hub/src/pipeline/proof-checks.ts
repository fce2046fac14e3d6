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
  /** What the workers have said of each check that was sent, in their order. */
  #verdicts: readonly boolean[] = []
  /** The same by the names of the checks; absent: nobody has asked for one since. */
  #known: ReadonlyMap<string, boolean> | undefined

  constructor(verify: VerifySignatures) {
    this.#verify = verify
  }

  /** Takes a proof to be good, and has its signature checked, once. */
  readonly assumed: EvidenceCheck = (chainId, publicKey, proof, evidence) => {
    const digest = signedBytes(chainId, proof, evidence)
    if (digest === undefined) return false
    const check = { publicKey, digest, signature: evidence.signature }
    // Names are made only where the batch is decided again.
    if (this.#verdicts.length > 0 && this.#said(check) !== undefined) return true
    this.#gathered.push(check)
    if (this.#gathered.length === CHECKS_TOGETHER) this.#send()
    return true
  }

  /** Those of whom something was assumed that is not so. */
  async failed(): Promise<ReadonlySet<PublicKey>> {
    if (this.#gathered.length > 0) this.#send()
    const pieces = await Promise.all(this.#pieces.map(({ verdicts }) => verdicts))
    this.#verdicts = pieces.flat()
    this.#known = undefined
    const failed = new Set<PublicKey>()
    if (!this.#verdicts.includes(false)) return failed
    for (const [i, { publicKey }] of this.#checks().entries()) {
      if (this.#verdicts[i] !== true) failed.add(publicKey)
    }
    return failed
  }

  /** What the workers have said; what they were not asked is checked here. */
  readonly heard: EvidenceCheck = (chainId, publicKey, proof, evidence) => {
    const digest = signedBytes(chainId, proof, evidence)
    if (digest === undefined) return false
    const { signature } = evidence
    const said = this.#said({ publicKey, digest, signature })
    return said ?? verifyEvidence(chainId, publicKey, proof, evidence)
  }

  #said(check: SignatureCheck): boolean | undefined {
    this.#known ??= new Map(
      this.#checks().map((sent, i) => [nameOf(sent), this.#verdicts[i] === true]),
    )
    return this.#known.get(nameOf(check))
  }

  #checks(): readonly SignatureCheck[] {
    return this.#pieces.flatMap(({ checks }) => checks)
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
