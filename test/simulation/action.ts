import type { DiskFault } from './virtual-disk.js'
import type { NetworkProfile } from './virtual-network.js'

/** What somebody does, or what happens to somebody. Processes are named `hub`, `ledger`, `w0`, `w1`… */
export type Deed =
  | { readonly kind: 'open'; readonly wallet: string; readonly deposit: number }
  | {
      readonly kind: 'pay'
      readonly payer: string
      readonly payee: string
      readonly value: number
      readonly expirySeconds: number
    }
  | { readonly kind: 'close'; readonly wallet: string }
  | { readonly kind: 'forceClose'; readonly wallet: string }
  | {
      readonly kind: 'crash'
      readonly process: string
      readonly afterEffects: number
      readonly downMs: number
    }
  | { readonly kind: 'disk'; readonly process: string; readonly fault: DiskFault }
  | { readonly kind: 'partition'; readonly process: string; readonly ms: number }
  | { readonly kind: 'ledgerAway'; readonly process: string; readonly ms: number }
  | { readonly kind: 'fullBlocks'; readonly ms: number }
  | { readonly kind: 'clock'; readonly skewMs: number }
  | { readonly kind: 'network'; readonly profile: NetworkProfile }

/** A deed at a virtual time: what a run is made of, beside its seed. */
export type Action = { readonly atMs: number } & Deed
