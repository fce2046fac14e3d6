import { type LatencyFigures, latencyFigures } from '../hub-load/latency.js'
import type { LoadCount } from '../hub-load/payment-load.js'
import { usageOf } from '../hub-load/process-usage.js'
import type { PeerBalances, PeerHub } from './peer-client.js'
import type { PeerLoadFleet } from './peer-load-fleet.js'

/** Milliseconds of a load that are not counted, as for our own hub. */
const WARM_UP_MS = 2_000
/** Milliseconds between two looks at how far a round is, and until that is waited for. */
const LOOK_MS = 50
const ROUND_MS_MAX = 60_000

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

/** Keeps so many payments under way for `milliseconds` or longer, then has all come back and checks the books. */
export async function measurePeer(
  { hub, fleet }: { readonly hub: PeerHub; readonly fleet: PeerLoadFleet },
  inFlight: number,
  milliseconds: number,
): Promise<PeerFigures> {
  await fleet.start(inFlight)
  await rounds(fleet, inFlight, WARM_UP_MS)
  const look = () => {
    const load = fleet.pids.reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0)
    return { hub: usageOf(hub.pid).cpuMs, load, at: performance.now() }
  }
  const before = look()
  const { latencies, declined } = await rounds(fleet, inFlight, milliseconds)
  const after = look()
  const { balances } = await fleet.finish()
  checkBooks(await hub.balances(), balances)
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

/**
 * What comes back for at least so long, and at least as many payments as are under way: those that began
 * together end together, so that a slow hub would show one end of a round only.
 */
async function rounds(
  fleet: PeerLoadFleet,
  inFlight: number,
  milliseconds: number,
): Promise<LoadCount> {
  const giveUp = performance.now() + ROUND_MS_MAX
  await pause(milliseconds)
  let { latencies, declined } = await fleet.take()
  while (latencies.length < inFlight && performance.now() < giveUp) {
    await pause(LOOK_MS)
    const more = await fleet.take()
    latencies = Float64Array.of(...latencies, ...more.latencies)
    declined += more.declined
  }
  return { latencies, declined }
}

/** Throws unless the hub's books say what its clients say, client by client. */
function checkBooks(hub: PeerBalances, clients: PeerBalances): void {
  for (const [address, balance] of hub) {
    const due = clients.get(address) ?? 0n
    if (balance !== due) throw new Error(`the hub has ${balance} of ${address}; ${due} was paid`)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
