import type { IlpAccount } from './ilp-client.js'
import type { VectorAccount } from './vector-client.js'

/** What a payer promises: the hub takes its fee from it. */
export type PeerPayment = {
  /** Base units, with the hub's fee. */
  readonly amount: bigint
  readonly expiry: Date
  /** SHA-256 of the preimage, 32 bytes. */
  readonly condition: Uint8Array
  /** The payee's address. */
  readonly destination: string
}

/** A client of somebody else's hub. */
export type PeerClient = {
  /** What others pay it by. */
  readonly address: string
  /** Promises a payment; the answer comes under the number that is returned. */
  pay(payment: PeerPayment): number
}

/** What a load makes of what its clients hear. */
export type PeerEvents = {
  /** A payment of `client` is over: its preimage, or the code of a refusal. */
  answered(client: PeerClient, request: number, answer: Uint8Array | string): void
  /** Somebody pays `client`: the preimage. Throws when it is not what was agreed. */
  preimageOf(client: PeerClient, condition: Buffer, amount: bigint): Uint8Array
}

/** Where a client finds its hub, and what it is known by there. */
export type PeerAccount = IlpAccount | VectorAccount

/** What each client owes the hub, base units; below 0 the hub owes it. By address. */
export type PeerBalances = ReadonlyMap<string, bigint>

/** Somebody else's hub, a process of its own. */
export type PeerHub = {
  readonly pid: number
  readonly accounts: readonly PeerAccount[]
  /** Resolves once it serves; it may wait for its clients. */
  isReady(): Promise<void>
  /** What its books say. */
  balances(): Promise<PeerBalances>
  stop(): Promise<void>
}
