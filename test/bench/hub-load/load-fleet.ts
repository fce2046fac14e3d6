import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ChainId, PublicKey } from '@tallystick/protocol'
import type { LoadAnswer, LoadClientName, LoadOrder } from './load-process.js'
import type { LoadPlan, PaymentCount } from './payment-load.js'

const PROCESS = fileURLToPath(new URL('load-process.js', import.meta.url))

/** Most of what a load allocates is dropped at once: collected more seldom, it costs the machine less. */
const YOUNG_HEAP = '--max-semi-space-size=64'

/** Where a load goes. */
export type LoadTarget = {
  readonly url: string
  readonly chainId: ChainId
  readonly hub: PublicKey
  readonly clients: readonly LoadClientName[]
}

/** The processes of a load and what they do together; clients are dealt out among them evenly. */
export class LoadFleet {
  readonly #processes: readonly LoadProcess[]
  readonly #target: Omit<LoadTarget, 'clients'>

  private constructor(processes: readonly LoadProcess[], target: Omit<LoadTarget, 'clients'>) {
    this.#processes = processes
    this.#target = target
  }

  static async start(processes: number, { clients, ...target }: LoadTarget): Promise<LoadFleet> {
    const made = Array.from({ length: processes }, () => new LoadProcess())
    const fleet = new LoadFleet(made, target)
    await fleet.#make(clients)
    return fleet
  }

  /** More clients; resolves once they are connected. */
  async join(clients: readonly LoadClientName[]): Promise<void> {
    await this.#make(clients)
    await this.connect(Number.POSITIVE_INFINITY)
  }

  /** Connects so many more clients. */
  async connect(count: number): Promise<void> {
    await this.#all((share) => ({ kind: 'connect', count: share(count) }))
  }

  async attach(): Promise<void> {
    await this.#all(() => ({ kind: 'attach' }))
  }

  /** Takes up so many channels, one after another: how long each took. */
  async attachAlone(count: number): Promise<PaymentCount> {
    const [first] = this.#processes
    return together([await first?.ask({ kind: 'attachAlone', count })])
  }

  /** The first `payers` clients pay by `plan`, which is for all processes together. */
  async start(plan: LoadPlan, payers: number): Promise<void> {
    await this.#all((share) => ({ kind: 'start', payers: share(payers), plan: part(plan, share) }))
  }

  /** What came since the last time. */
  async take(): Promise<PaymentCount> {
    return together(await this.#all(() => ({ kind: 'take' })))
  }

  /** Ends a load; throws when something is left open, or the books are wrong. */
  async finish(): Promise<PaymentCount> {
    return together(await this.#all(() => ({ kind: 'finish' })))
  }

  /** Leaves so many payments pending: their payees have them, and do not claim them. */
  async hold(count: number): Promise<void> {
    await this.#all((share) => ({ kind: 'hold', count: share(count) }))
  }

  /** Ends what was held. */
  async release(): Promise<PaymentCount> {
    await this.#all(() => ({ kind: 'release' }))
    return this.finish()
  }

  /** From now on a client whose connection ends comes back by itself. */
  async survive(): Promise<void> {
    await this.#all(() => ({ kind: 'survive' }))
  }

  /** Resolves once all of them are attached again. */
  async returned(): Promise<void> {
    await this.#all(() => ({ kind: 'return' }))
  }

  /** Payments of one client on a hub that is idle. */
  async payAlone(count: number): Promise<PaymentCount> {
    const [first] = this.#processes
    return together([await first?.ask({ kind: 'lone', count })])
  }

  /** One payment on an idle hub of each of `count` clients that come after the first `from`. */
  async payOnce(from: number, count: number): Promise<PaymentCount> {
    const [first] = this.#processes
    const share = Math.ceil(from / this.#processes.length)
    return together([await first?.ask({ kind: 'payOnce', from: share, count })])
  }

  /** Ids of the processes. */
  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid)
  }

  /** Hangs up all of them at once. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
  }

  async #make(clients: readonly LoadClientName[]): Promise<void> {
    const hands = dealOut(clients, this.#processes.length)
    await this.#all((_, place) => ({ kind: 'make', clients: hands[place] ?? [], ...this.#target }))
  }

  #all(orderOf: (share: Share, place: number) => LoadOrder): Promise<(PaymentCount | undefined)[]> {
    const { length } = this.#processes
    return Promise.all(
      this.#processes.map((process, place) => {
        const share: Share = (whole) => Math.floor((whole + length - 1 - place) / length)
        return process.ask(orderOf(share, place))
      }),
    )
  }
}

/** What one process does of a whole. */
type Share = (whole: number) => number

function part({ pace, merchants, ...rest }: LoadPlan, share: Share): LoadPlan {
  const paid = merchants && { merchants: { ...merchants, count: share(merchants.count) } }
  switch (pace.kind) {
    case 'full':
      return { ...rest, ...paid, pace: { kind: 'full', inFlight: share(pace.inFlight) } }
    case 'paced': {
      const perSecond = share(Math.round(pace.perSecond))
      return { ...rest, ...paid, pace: { kind: 'paced', perSecond } }
    }
  }
}

/** In turns; those of one session stay together. */
function dealOut(clients: readonly LoadClientName[], processes: number): LoadClientName[][] {
  const hands = Array.from({ length: processes }, (): LoadClientName[] => [])
  const places = new Map<number, number>()
  let turn = 0
  for (const client of clients) {
    const { sessionNumber: session } = client
    const known = session === undefined ? undefined : places.get(session)
    const place = known ?? turn++ % processes
    if (session !== undefined) places.set(session, place)
    hands[place]?.push(client)
  }
  return hands
}

function together(counts: readonly (PaymentCount | undefined)[]): PaymentCount {
  return {
    latencies: Float64Array.from(counts.flatMap((count) => [...(count?.latencies ?? [])])),
    declined: counts.reduce((sum, count) => sum + (count?.declined ?? 0), 0),
    unbegun: counts.reduce((sum, count) => sum + (count?.unbegun ?? 0), 0),
  }
}

class LoadProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: LoadAnswer) => void>()
  #asked = 0

  constructor() {
    this.#child = fork(PROCESS, {
      serialization: 'advanced',
      execArgv: ['--enable-source-maps', YOUNG_HEAP],
    })
    this.#child.on('message', (answer: LoadAnswer) => {
      this.#waiting.get(answer.number)?.(answer)
      this.#waiting.delete(answer.number)
    })
    this.#child.on('exit', () => {
      for (const [number, tell] of this.#waiting) tell({ number, failure: 'a load process ended' })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async ask(order: LoadOrder): Promise<PaymentCount | undefined> {
    const number = this.#asked++
    const answer = await new Promise<LoadAnswer>((resolve) => {
      this.#waiting.set(number, resolve)
      this.#child.send({ number, order })
    })
    if ('failure' in answer) throw new Error(answer.failure)
    return answer.done
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
