import type { HubUnderLoad } from './hub-under-load.js'
import { type LatencyFigures, latencyFigures } from './latency.js'
import type { LoadFleet } from './load-fleet.js'
import type { LoadPlan } from './payment-load.js'
import { usageOf } from './process-usage.js'

/** Milliseconds of a load that are not counted: code warms up, batches find their size. */
const WARM_UP_MS = 2_000
/** Milliseconds between two looks at how far the first round is. */
const LOOK_MS = 50
/** Milliseconds at most until every payer has paid once, and so has something to pay in its next proof. */
const ROUND_MS_MAX = 30_000
/** Payments under way meanwhile. */
const ROUND_IN_FLIGHT = 1_024

/** What a hub did under a steady load. */
export type LoadFigures = {
  readonly payments: number
  /** With those that were not measured: of the warm-up, and of the end. */
  readonly paymentsInAll: number
  readonly paymentsPerSecond: number
  readonly declined: number
  readonly latency: LatencyFigures
  /** Processor time of the hub, and of its main thread alone, microseconds per payment. */
  readonly hubMicroseconds: number
  readonly hubMainThreadMicroseconds: number
  /** What the hub has read of files and sockets, bytes per payment. */
  readonly hubReadBytes: number
  /** Processor time of the clients, who share the machine, microseconds per payment. */
  readonly loadMicroseconds: number
  /** Transactions of the journal per payment, and payments that one of them carries. */
  readonly commitsPerSecond: number
  readonly paymentsPerCommit: number
}

/** Lets `payers` clients pay by `plan` for a while, and has all of it settled and checked. */
export async function measureLoad(
  { hub, fleet }: { readonly hub: HubUnderLoad; readonly fleet: LoadFleet },
  plan: LoadPlan,
  { payers, milliseconds }: { readonly payers: number; readonly milliseconds: number },
): Promise<LoadFigures> {
  // Who pays merchants may be too many for a round, and need not have paid before.
  const round = plan.merchants ? 0 : await firstRound(fleet, plan.perProof, payers)
  await fleet.start(plan, payers)
  await pause(Math.min(WARM_UP_MS, milliseconds))
  const look = async () => {
    const load = fleet.pids.reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0)
    return { hub: await hub.usage(), load, at: performance.now() }
  }
  const warmUp = await fleet.take()
  const before = await look()
  await pause(milliseconds)
  const { latencies, declined } = await fleet.take()
  const after = await look()
  const rest = await fleet.finish()
  const seconds = (after.at - before.at) / 1_000
  const each = (total: number) => total / latencies.length
  const commits = after.hub.commits - before.hub.commits
  return {
    payments: latencies.length,
    paymentsInAll: round + warmUp.latencies.length + latencies.length + rest.latencies.length,
    paymentsPerSecond: latencies.length / seconds,
    declined,
    latency: latencyFigures(latencies),
    hubMicroseconds: each(1_000 * (after.hub.cpuMs - before.hub.cpuMs)),
    hubMainThreadMicroseconds: each(1_000 * (after.hub.mainThreadMs - before.hub.mainThreadMs)),
    hubReadBytes: each(after.hub.readBytes - before.hub.readBytes),
    loadMicroseconds: each(1_000 * (after.load - before.load)),
    commitsPerSecond: commits / seconds,
    paymentsPerCommit: latencies.length / commits,
  }
}

/** As fast as it goes, until every payer has paid once; so many payments were made. */
async function firstRound(fleet: LoadFleet, perProof: number, payers: number): Promise<number> {
  const giveUp = performance.now() + ROUND_MS_MAX
  const pace = { kind: 'full', inFlight: ROUND_IN_FLIGHT } as const
  await fleet.start({ perProof, pace }, payers)
  let payments = 0
  while (payments < payers * perProof && performance.now() < giveUp) {
    await pause(LOOK_MS)
    payments += (await fleet.take()).latencies.length
  }
  return payments
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
