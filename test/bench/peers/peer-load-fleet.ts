import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PeerAccount } from './peer-client.js'
import type { PeerAnswer, PeerCount, PeerOrder } from './peer-load-process.js'

const PROCESS = fileURLToPath(new URL('peer-load-process.js', import.meta.url))

/** As the load of our own hub has it. */
const YOUNG_HEAP = '--max-semi-space-size=64'

/** The processes of a load on somebody else's hub; clients are dealt out among them evenly. */
export class PeerLoadFleet {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  /** Resolves when every account has a client that the hub has let in. */
  static async start(processes: number, accounts: readonly PeerAccount[]): Promise<PeerLoadFleet> {
    const fleet = new PeerLoadFleet(
      Array.from({ length: processes }, () =>
        fork(PROCESS, {
          serialization: 'advanced',
          execArgv: ['--enable-source-maps', YOUNG_HEAP],
        }),
      ),
    )
    try {
      await fleet.#all((place) => ({
        kind: 'connect',
        accounts: accounts.filter((_, i) => i % processes === place),
      }))
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  /** Keeps so many payments under way, those of all processes together. */
  async start(inFlight: number): Promise<void> {
    const { length } = this.#processes
    await this.#all((place) => ({
      kind: 'start',
      inFlight: Math.floor((inFlight + length - 1 - place) / length),
    }))
  }

  /** What came since the last time. */
  take(): Promise<PeerCount> {
    return this.#all(() => ({ kind: 'take' }))
  }

  /** Ends a load; throws when a payment never comes back. */
  finish(): Promise<PeerCount> {
    return this.#all(() => ({ kind: 'finish' }))
  }

  /** Payments of one client on a hub that is idle. */
  async payAlone(count: number): Promise<PeerCount> {
    const [first] = this.#processes
    return together(first === undefined ? [] : [await ask(first, { kind: 'lone', count })])
  }

  /** Ids of the processes. */
  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid ?? 0)
  }

  /** Hangs up all of them at once. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }),
    )
  }

  async #all(orderOf: (place: number) => PeerOrder): Promise<PeerCount> {
    return together(
      await Promise.all(this.#processes.map((child, place) => ask(child, orderOf(place)))),
    )
  }
}

function ask(child: ChildProcess, order: PeerOrder): Promise<PeerCount> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a load process ended'))
    child.once('exit', ended)
    child.once('message', (answer: PeerAnswer) => {
      child.off('exit', ended)
      if ('failure' in answer) reject(new Error(answer.failure))
      else resolve(answer.done)
    })
    child.send(order)
  })
}

function together(counts: readonly PeerCount[]): PeerCount {
  return {
    latencies: Float64Array.from(counts.flatMap(({ latencies }) => [...latencies])),
    declined: counts.reduce((sum, { declined }) => sum + declined, 0),
    balances: new Map(counts.flatMap(({ balances }) => [...balances])),
  }
}
