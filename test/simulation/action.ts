import type { DiskFault } from './virtual-disk.js'
import type { NetworkProfile } from './virtual-network.js'

/** How a liar harms what it says; of 1,000 messages so many. */
export type Lie = {
  readonly how:
    | 'none'
    | 'withholdUpdates'
    | 'withholdPreimages'
    | 'withholdAcks'
    /** Asks to drop items whose preimage it knows, and claims them on the ledger later. */
    | 'declineClaims'
    | 'repeat'
    | 'otherChannel'
    | 'garbage'
    /** Leaves changes out of its proofs, with a good signature. */
    | 'dropChanges'
    /** Breaks a rule of the lane, with a good signature but for that. */
    | 'breach'
    /** Claims with links that it made up; or with good ones, just before or after they are too late. */
    | 'forgeClaims'
    | 'lateClaims'
    /** Promises half of what it should. */
    | 'underpay'
    /** Never pays for a link that it was shown, and takes items back once they have expired. */
    | 'refuseToPay'
    /** Does not say from where a lane goes on; or says it with what it held a while ago. */
    | 'withholdResumes'
    | 'oldResumes'
    /** Claims ticks of streams that it was not shown. */
    | 'overclaim'
    /** Pays fewer ticks of streams than it was shown links of. */
    | 'takeBackTicks'
    /** A hub that does not deliver. */
    | 'withholdLetters'
  readonly share: number
}

/** What a liar hands in to the ledger only around the last moment at which it would count. */
export type Delay = 'none' | 'lateReveals' | 'noReveals' | 'lateChallenges' | 'lateCloses'

/** What a liar asserts when it force-closes. */
export type CloseLie =
  /** A state that it held once; its own lane of one and the other lane of another; or the latter alone. */
  | 'stale'
  | 'mixed'
  | 'oldPeer'
  /** The one before the newest; the newest with the other lane that pays most for what it knows. */
  | 'previous'
  | 'mostPaid'
  /** That it never signed anything; that its items are gone; that it paid or acked less than it did. */
  | 'nothing'
  | 'droppedItems'
  | 'lessTransferred'
  | 'lessAcked'
  /** That it does not know. */
  | 'unsure'

/** From what an owner goes on that has lost its disk: an old copy of it, a sealed backup, or words alone. */
export type Recovery = 'copy' | 'backup' | 'words'

/** What somebody does, or what happens to somebody. Processes are named `hub`, `ledger`, `w0`, `w1`…, `t0`… */
export type Deed =
  | { readonly kind: 'open'; readonly wallet: string; readonly deposit: number }
  | {
      readonly kind: 'pay'
      readonly payer: string
      readonly payee: string
      readonly value: number
      readonly expirySeconds: number
    }
  /** A payment of more than any channel of its payer holds: beyond the fullest, of 1,000 so much of the others. */
  | {
      readonly kind: 'payInParts'
      readonly payer: string
      readonly payee: string
      readonly share: number
      readonly expirySeconds: number
    }
  /** Paid are an offer, made for this alone or standing, and somebody who did not ask; both are away for a while. */
  | {
      readonly kind: 'payOffer'
      readonly payer: string
      readonly payee: string
      readonly value: number
      readonly isNamed: boolean
      readonly waitSeconds: number
      readonly awayMs: number
    }
  | {
      readonly kind: 'paySpontaneously'
      readonly payer: string
      readonly payee: string
      readonly value: number
      readonly awayMs: number
    }
  /** A payee only holds what it is paid, and then takes it, gives it back, says both at once, or says nothing. */
  | {
      readonly kind: 'hold'
      readonly payer: string
      readonly payee: string
      readonly value: number
      readonly lockSeconds: number
      readonly decision: 'capture' | 'void' | 'both' | 'neither'
      /** How long after it is held it decides, milliseconds. */
      readonly afterMs: number
      /** After how many effects of its decision its process dies, the first time; absent: it does not. */
      readonly crashAfter?: number
    }
  /** The merchant's newest sale but so many is paid back, of 1,000 parts of it these. */
  | {
      readonly kind: 'refund'
      readonly merchant: string
      readonly sale: number
      readonly shares: readonly number[]
      /** How long after each other, milliseconds. */
      readonly pauseMs: number
      /** After how many effects its process dies; absent: it does not. */
      readonly crashAfter?: number
    }
  | {
      readonly kind: 'stream'
      readonly payer: string
      readonly payee: string
      readonly unit: number
      /** Ticks of one chain, and as many chains may follow each other. */
      readonly ticks: number
      readonly chains: number
      readonly exposure: number
      /** How often ticks are given away, and how long after each other at most, milliseconds. */
      readonly rounds: number
      readonly pauseMs: number
      /** Whether its payer ends it, and does not just leave it. */
      readonly closes: boolean
    }
  /** Of what a wallet could take out of its fullest channel, of 1,000 so much; for another lock than its own or not. */
  | {
      readonly kind: 'withdraw'
      readonly wallet: string
      readonly share: number
      readonly isElsewhere: boolean
    }
  /** By agreement; the first channel, or the first that has a withdrawal under way. */
  | { readonly kind: 'close'; readonly wallet: string; readonly isWithdrawing?: true }
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
  /** The owner of a wallet leaves it to its tower, for longer than a dispute lasts. */
  | { readonly kind: 'goAway'; readonly wallet: string; readonly ms: number }
  | { readonly kind: 'fullBlocks'; readonly ms: number }
  | { readonly kind: 'clock'; readonly skewMs: number }
  | { readonly kind: 'network'; readonly profile: NetworkProfile }
  /** From now on a liar does this to what it says. */
  | { readonly kind: 'lie'; readonly liar: string; readonly lie: Lie }
  /** From now on a liar hands such transactions in late. */
  | { readonly kind: 'delay'; readonly liar: string; readonly delay: Delay }
  /** A liar closes the channel of this position among all that it had. */
  | {
      readonly kind: 'lyingClose'
      readonly liar: string
      readonly channel: number
      readonly how: CloseLie
    }
  /** Somebody honest puts a copy of its disk away; or loses its disk, and goes on from what there is. */
  | { readonly kind: 'keepCopy'; readonly process: string }
  | { readonly kind: 'loseDisk'; readonly process: string; readonly how: Recovery }
  /** A liar starts again from what was on its disk a while ago. */
  | { readonly kind: 'backup' | 'restore'; readonly liar: string }

export type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

/** A deed at a virtual time: what a run is made of, beside its seed. */
export type Action = { readonly atMs: number } & Deed
