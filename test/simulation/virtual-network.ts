import type { OpenSocket, SocketHandlers } from '@tallystick/client-sdk'
import type { WebSocket } from 'ws'
import type { Incarnation } from './incarnation.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { ServerSocket } from './server-socket.js'

/** What a network does to messages; of 1,000 each. All but delay and cuts are worse than TCP. */
export type NetworkProfile = {
  readonly delayMsMax: number
  readonly lost: number
  readonly doubled: number
  readonly overtaking: number
  readonly cut: number
}

export const CALM_NETWORK: NetworkProfile = {
  delayMsMax: 20,
  lost: 0,
  doubled: 0,
  overtaking: 0,
  cut: 0,
}

/** A message, and how long after it was said it leaves, virtual milliseconds. */
export type Said = { readonly bytes: Uint8Array; readonly afterMs: number }

/** What a party really sends instead of a message; absent: that message, at once. */
export type Tongue = (bytes: Uint8Array) => readonly Said[]

/** What is heard of messages that really leave an honest process. */
export type Wiretap = (from: string, to: string, bytes: Uint8Array) => void

type End = {
  readonly name: string
  readonly life: Incarnation
  readonly tongue: Tongue | undefined
  readonly receive: (bytes: Uint8Array) => void
  readonly closed: (text: string) => void
  /** When the last message that is under way to it arrives, virtual milliseconds. */
  lastMs: number
  isDeaf: boolean
}

type Listener = { readonly life: Incarnation; readonly accept: (socket: WebSocket) => void }

/** Connections between processes: delays, losses, repetitions, overtaking, cuts and partitions. */
export class VirtualNetwork {
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #tap: Wiretap
  readonly #listeners = new Map<string, Listener & { readonly tongue: Tongue | undefined }>()
  readonly #cuts = new Map<string, Set<() => void>>()
  /** Until when a process is cut off from everybody, virtual milliseconds. */
  readonly #apart = new Map<string, number>()
  profile: NetworkProfile = CALM_NETWORK

  constructor(schedule: Schedule, random: Random, tap: Wiretap) {
    this.#schedule = schedule
    this.#random = random
    this.#tap = tap
  }

  /** Takes connections to `name` for as long as the process lives. */
  listen(name: string, listener: Listener, tongue: Tongue | undefined): void {
    this.#listeners.set(name, { ...listener, tongue })
  }

  /** Cuts a process off: what is under way arrives afterwards, and nothing is opened meanwhile. */
  partition(name: string, ms: number): void {
    this.#apart.set(name, this.#schedule.nowMs + ms)
  }

  heal(): void {
    this.#apart.clear()
    this.profile = CALM_NETWORK
  }

  /** Ends all connections of a process, as its crash does. */
  cutAll(name: string): void {
    for (const cut of [...(this.#cuts.get(name) ?? [])]) cut()
  }

  /** How the process `from` connects to the one that listens as `to`. */
  socketsOf(from: string, to: string, life: Incarnation, tongue: Tongue | undefined): OpenSocket {
    return (_, handlers) => this.#connect({ from, to, life, tongue, handlers })
  }

  /** A message between processes outside of connections to the hub, as requests over HTTP are: `arrive`, or not. */
  post(from: string, to: string, arrive: () => void): void {
    const { lost, doubled, cut } = this.profile
    if (this.#random.chance(lost + cut)) return
    const apart = Math.max(this.#apart.get(from) ?? 0, this.#apart.get(to) ?? 0)
    const at = Math.max(this.#schedule.nowMs + this.#delay(), apart)
    this.#schedule.after(at - this.#schedule.nowMs, arrive)
    if (!this.#random.chance(doubled)) return
    this.#schedule.after(at - this.#schedule.nowMs + this.#delay(), arrive)
  }

  #connect({
    from,
    to,
    life,
    tongue,
    handlers,
  }: {
    readonly from: string
    readonly to: string
    readonly life: Incarnation
    readonly tongue: Tongue | undefined
    readonly handlers: SocketHandlers
  }): ReturnType<OpenSocket> {
    let isOver = false
    const client: End = {
      ...{ name: from, life, tongue, lastMs: 0, isDeaf: false },
      receive: (bytes) => {
        if (!client.isDeaf && life.isAlive) handlers.onMessage(bytes)
      },
      closed: (text) => {
        if (life.isAlive) handlers.onClose({ code: 1006, text })
      },
    }
    let server: End | undefined
    // Who closes hears nothing more, what it said before still arrives; a cut loses what is under way.
    const endBy = (closer: End | undefined) => {
      if (isOver) return
      isOver = true
      for (const end of server === undefined ? [client] : [client, server]) {
        this.#cuts.get(end.name)?.delete(cut)
        end.isDeaf = closer === undefined || closer === end
        const at = Math.max(this.#schedule.nowMs + this.#delayOf(end.name), end.lastMs)
        this.#schedule.after(at - this.#schedule.nowMs, () => {
          end.isDeaf = true
          end.closed('the connection is over')
        })
      }
    }
    const cut = () => endBy(undefined)
    this.#remember(from, cut)
    this.#schedule.after(this.#delay(), () => {
      const listener = this.#listeners.get(to)
      const isAway = listener?.life.isAlive !== true || this.#isApart(from) || this.#isApart(to)
      if (listener === undefined || isAway || isOver || !life.isAlive) return cut()
      const socket = new ServerSocket({
        send: (bytes) => {
          if (server !== undefined && !isOver) this.#send(server, client, bytes, cut)
        },
        close: () => endBy(server),
        isPeerAlive: () => !isOver && life.isAlive && !this.#isApart(from) && !this.#isApart(to),
        after: (act) => this.#schedule.after(2 * this.#delay(), act),
      })
      const accepted: End = {
        ...{ name: to, life: listener.life, tongue: listener.tongue, lastMs: 0, isDeaf: false },
        receive: (bytes) => {
          if (!accepted.isDeaf && listener.life.isAlive) socket.receive(bytes)
        },
        closed: () => {
          if (listener.life.isAlive) socket.over()
        },
      }
      server = accepted
      this.#remember(to, cut)
      handlers.onOpen()
      listener.accept(socket as unknown as WebSocket)
    })
    return {
      send: (bytes) => {
        if (server !== undefined && !isOver) this.#send(client, server, bytes, cut)
      },
      close: () => endBy(client),
      bufferedAmount: 0,
    }
  }

  #send(from: End, to: End, bytes: Uint8Array, cut: () => void): void {
    if (!from.life.passes()) return
    if (from.tongue === undefined) {
      this.#tap(from.name, to.name, bytes)
      this.#carry(to, from, bytes, cut)
    } else {
      for (const said of from.tongue(bytes)) {
        if (said.afterMs === 0) this.#carry(to, from, said.bytes, cut)
        else this.#schedule.after(said.afterMs, () => this.#carry(to, from, said.bytes, cut))
      }
    }
  }

  #carry(to: End, from: End, bytes: Uint8Array, cut: () => void): void {
    const { lost, doubled, overtaking, cut: cuts } = this.profile
    if (this.#random.chance(cuts)) return cut()
    if (this.#random.chance(lost)) return
    const copy = bytes.slice()
    const apart = Math.max(this.#apart.get(from.name) ?? 0, this.#apart.get(to.name) ?? 0)
    const at = Math.max(this.#schedule.nowMs + this.#delay(), apart)
    const arrival = this.#random.chance(overtaking) ? at : Math.max(at, to.lastMs)
    to.lastMs = Math.max(to.lastMs, arrival)
    this.#schedule.after(arrival - this.#schedule.nowMs, () => to.receive(copy))
    if (this.#random.chance(doubled)) {
      this.#schedule.after(at - this.#schedule.nowMs + this.#delay(), () => to.receive(copy))
    }
  }

  #remember(name: string, cut: () => void): void {
    const cuts = this.#cuts.get(name) ?? new Set()
    this.#cuts.set(name, cuts.add(cut))
  }

  #delay(): number {
    return this.#random.int(1, this.profile.delayMsMax)
  }

  #delayOf(name: string): number {
    return this.#delay() + Math.max(0, (this.#apart.get(name) ?? 0) - this.#schedule.nowMs)
  }

  #isApart(name: string): boolean {
    return (this.#apart.get(name) ?? 0) > this.#schedule.nowMs
  }
}
