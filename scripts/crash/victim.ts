import type { Killed } from '../network/supervised-process.js'

export const KINDS = ['hub', 'ledger', 'tower', 'wallet'] as const
export type Kind = (typeof KINDS)[number]

/** A process that is started again whenever it ends. */
export type Victim = {
  readonly kind: Kind
  readonly process: {
    /** How long the last start took that came to serving, milliseconds. */
    readonly startMs: number
    readonly pid: number | undefined
    /** Power off at this instant; `undefined`: it was off already. */
    kill(): Killed | undefined
  }
}

/** Kills of one kind of process, by what it was doing. */
export type Kills = Record<Killed, number>
