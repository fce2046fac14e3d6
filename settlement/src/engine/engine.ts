import type { BlockHeader, Certificate, Parameters } from '@tallystick/protocol'

/** Whose signatures make a header final, and how many of them are needed. */
export type Authority = Pick<Parameters, 'validators' | 'quorum'>

/**
 * Who orders blocks and makes them final. The node proposes one candidate at a time; a certificate
 * is given at most once per height, and a certified header is final: no other of that height may
 * ever get one.
 */
export interface Engine {
  /** Throws `not_a_validator` unless this engine can have headers certified under `authority`. */
  requireAuthority(authority: Authority): void
  /**
   * The certificate of `candidate` by `authority`, who is in force at its height. May take as long
   * as the network does. A failure is a fault: whether somebody signed is then unknown, so the
   * caller never offers another header of that height in this process.
   */
  certify(candidate: BlockHeader, authority: Authority): Promise<Certificate>
}
