import type { BlockHeader, Certificate, PublicKey } from '@tallystick/protocol'

/**
 * Who orders blocks and makes them final. The node proposes one candidate at a time; a certificate
 * is given at most once per height, and a certified header is final: no other of that height may
 * ever get one.
 */
export interface Engine {
  /** Whose signatures make a header final, ascending, and how many of them are needed. */
  readonly validators: readonly PublicKey[]
  readonly quorum: number
  /**
   * The certificate of `candidate`. May take as long as the network does. A failure is a fault:
   * whether somebody signed is then unknown, so the caller never offers another header of that
   * height in this process.
   */
  certify(candidate: BlockHeader): Promise<Certificate>
}
