import { type LatencyFigures, latencyFigures } from '../hub-load/latency.js'
import { usageOf } from '../hub-load/process-usage.js'
import type { PeerBalances, PeerHub } from './peer-client.js'
import type { PeerLoadFleet } from './peer-load-fleet.js'

/** Milliseconds of a load that are not counted, as for our own hub. */
const WARM_UP_MS = 2_000
/** Milliseconds between two looks at how far the first round is, and until that is waited for. */
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

/** Keeps so many payments under way for a while, has all of them come back, and checks the books. */
export async function measurePeer(
  { hub, fleet }: { readonly hub: PeerHub; readonly fleet: PeerLoadFleet },
  inFlight: number,
  milliseconds: number,
): Promise<PeerFigures> {
  await fleet.start(inFlight)
  await firstRound(fleet, inFlight)
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

/** Until the code is warm, and as many payments came back as were begun at once. */
async function firstRound(fleet: PeerLoadFleet, inFlight: number): Promise<void> {
  const started = performance.now()
  const warm = started + WARM_UP_MS
  const giveUp = started + ROUND_MS_MAX
  let payments = 0
  while (performance.now() < (payments < inFlight ? giveUp : warm)) {
    await pause(LOOK_MS)
    payments += (await fleet.take()).latencies.length
  }
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
