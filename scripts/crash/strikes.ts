import type { Killed } from '../network/supervised-process.js'
import { KINDS, type Kills, type Kind, type Victim } from './victim.js'

/** Parts of all strikes: one process in whatever it does, several at one instant, the rest are bursts. */
const SHARE = { one: 0.3, several: 0.25 } as const
/** Parts of all victims, the rest are wallets. */
const PART = { hub: 0.35, ledger: 0.2, tower: 0.15 } as const
/** The most kills of one process in a burst: the first, and so many while it comes back. */
const BURST_MAX = 6
/** When a process is killed again, at most, in parts of what its last start took. */
const AGAIN_MAX = 1.2
/** Milliseconds after which a process is looked for again that has not been started yet. */
const LOOK_MS = 4

export type KillsByKind = Readonly<Record<Kind, Kills>>

/** Kills processes, one or several, once or again and again while they come back, as a seed says. */
export class Strikes {
  readonly kills: KillsByKind = {
    hub: { serving: 0, starting: 0 },
    ledger: { serving: 0, starting: 0 },
    tower: { serving: 0, starting: 0 },
    wallet: { serving: 0, starting: 0 },
  }
  readonly #victims: readonly Victim[]
  readonly #random: () => number
  readonly #onKill: (kind: Kind, met: Killed) => void

  constructor(
    victims: readonly Victim[],
    random: () => number,
    onKill: (kind: Kind, met: Killed) => void,
  ) {
    this.#victims = victims
    this.#random = random
    this.#onKill = onKill
  }

  get total(): number {
    return KINDS.reduce((sum, kind) => {
      const { serving, starting } = this.kills[kind]
      return sum + serving + starting
    }, 0)
  }

  /** Strikes once; resolves when the last process of it was killed, not when they are back. */
  async strike(): Promise<void> {
    const part = this.#random()
    if (part < SHARE.one) this.#killOnce(this.#anyVictim())
    else if (part < SHARE.one + SHARE.several) await this.#killSeveral()
    else await this.#burst(this.#anyVictim())
  }

  async #killSeveral(): Promise<void> {
    const count = 2 + Math.floor(this.#random() * (this.#victims.length - 1))
    const victims = new Set<Victim>()
    while (victims.size < count) victims.add(this.#anyVictim())
    for (const victim of victims) this.#killOnce(victim)
    const again = [...victims].filter(() => this.#random() < 0.5)
    await Promise.all(again.map((victim) => this.#killComing(victim)))
  }

  async #burst(victim: Victim): Promise<void> {
    this.#killOnce(victim)
    const count = 1 + Math.floor(this.#random() * (BURST_MAX - 1))
    for (let kill = 0; kill < count; kill++) await this.#killComing(victim)
  }

  /** Kills a process that was just killed once more, somewhere on its way back or just after it. */
  async #killComing(victim: Victim): Promise<void> {
    await pause(this.#random() * AGAIN_MAX * victim.process.startMs)
    while (this.#killOnce(victim) === undefined) await pause(LOOK_MS)
  }

  #killOnce({ kind, process }: Victim): Killed | undefined {
    const met = process.kill()
    if (met === undefined) return undefined
    this.kills[kind][met]++
    this.#onKill(kind, met)
    return met
  }

  #anyVictim(): Victim {
    const kind = kindOf(this.#random())
    const ofKind = this.#victims.filter((victim) => victim.kind === kind)
    const victim = ofKind[Math.floor(this.#random() * ofKind.length)]
    if (victim === undefined) throw new Error(`no ${kind} can be killed`)
    return victim
  }
}

function kindOf(part: number): Kind {
  const { hub, ledger, tower } = PART
  if (part < hub) return 'hub'
  if (part < hub + ledger) return 'ledger'
  return part < hub + ledger + tower ? 'tower' : 'wallet'
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
