import { type LatencyFigures, latencyFigures } from '../hub-load/latency.js'
import { usageOf } from '../hub-load/process-usage.js'
import type { IlpConnectorHub } from './ilp-connector-hub.js'
import type { IlpLoadFleet } from './ilp-load-fleet.js'

/** Milliseconds of a load that are not counted, as for our own hub. */
const WARM_UP_MS = 2_000

/** What a hub of others did under a steady load. */
export type PeerFigures = {
  readonly payments: number
  readonly paymentsPerSecond: number
  readonly declined: number
  readonly latency: LatencyFigures
  /** Processor time of the hub, microseconds per payment. */
  readonly hubMicroseconds: number
  /** Processor time of the clients, who share the machine, microseconds per payment. */
  readonly loadMicroseconds: number
}

/** Keeps so many payments under way for a while, has all of them come back, and checks the books. */
export async function measurePeer(
  { hub, fleet }: { readonly hub: IlpConnectorHub; readonly fleet: IlpLoadFleet },
  inFlight: number,
  milliseconds: number,
): Promise<PeerFigures> {
  await fleet.start(inFlight)
  await pause(WARM_UP_MS)
  const look = () => {
    const load = fleet.pids.reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0)
    return { hub: usageOf(hub.pid).cpuMs, load, at: performance.now() }
  }
  await fleet.take()
  const before = look()
  await pause(milliseconds)
  const { latencies, declined } = await fleet.take()
  const after = look()
  const { balances } = await fleet.finish()
  await hub.checkBooks(balances)
  const each = (total: number) => total / latencies.length
  return {
    payments: latencies.length,
    paymentsPerSecond: (1_000 * latencies.length) / (after.at - before.at),
    declined,
    latency: latencyFigures(latencies),
    hubMicroseconds: each(1_000 * (after.hub - before.hub)),
    loadMicroseconds: each(1_000 * (after.load - before.load)),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
