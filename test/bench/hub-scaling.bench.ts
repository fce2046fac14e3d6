import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * Whether a payment costs the same whatever else the hub has: the same load by the same hundred clients,
 * while one thing after the other grows around them. Each row changes one number of the row before; but
 * history grows by every row that is measured, and by much more before the last two.
 */

const full = (count: number, min: number) => Math.max(min, Math.round(count * SCALE))
const CHANNELS = [full(100, 20), full(1_000, 40), full(10_000, 80)]
const CONNECTIONS = [full(1_000, 40), full(10_000, 80)]
const HELD = [full(1_000, 100), full(10_000, 400)]
/** Payments that are over by then, beside those that were measured. */
const HISTORY = [full(100_000, 500), full(500_000, 2_500)]
const [PAYERS = 0, , CHANNELS_MAX = 0] = CHANNELS
const IN_FLIGHT = 256
const MEASURED_MS = Math.max(2_000, Math.round(8_000 * SCALE))
/** Until V8 has compiled what a payment takes: a first row without it would be dear, and the others look cheap. */
const WARM_MS = 6_000
/** The dearest row against the first: what is flat is near 1, and measuring is not exact. */
const RATIO_MAX = 1.5

type Row = {
  readonly grown: string
  readonly channels: number
  readonly connections: number
  readonly held: number
  readonly history: number
  readonly hubMicroseconds: number
  readonly p99Ms: number
}

const dir = mkdtempSync(join(tmpdir(), 'tallystick-scaling-'))
const hub = await HubUnderLoad.start(dir, CHANNELS_MAX, {
  profileDir: PROFILE_DIR,
})
const fleets: LoadFleet[] = []
const rows: Row[] = []
const size = { channels: PAYERS, connections: PAYERS, held: 0, history: 0 }
try {
  await hub.openUntil(PAYERS)
  const active = await startFleet(2, 0, PAYERS)
  await active.connect(PAYERS)
  await active.attach()
  await measure(active, WARM_MS)
  await row(active, 'nothing')
  for (const channels of CHANNELS.slice(1)) {
    await hub.openUntil(channels)
    size.channels = channels
    await row(active, 'channels')
  }
  const idle = await startFleet(2, PAYERS, CHANNELS_MAX)
  for (const connections of CONNECTIONS) {
    await idle.connect(connections - size.connections)
    await idle.attach()
    size.connections = connections
    await row(active, 'connections')
  }
  for (const held of HELD) {
    await idle.hold(held - size.held)
    size.held = held
    await row(active, 'payments in flight')
  }
  await idle.release()
  size.held = 0
  await row(active, 'none in flight')
  let extra = 0
  for (const history of HISTORY) {
    while (extra < history) extra += await pay(active, MEASURED_MS)
    await row(active, 'history')
  }
} finally {
  for (const fleet of fleets) await fleet.stop()
  await hub.stop()
  rmSync(dir, { recursive: true, force: true })
}

const costs = rows.map(({ hubMicroseconds }) => hubMicroseconds)
const ratio = Math.max(...costs) / (costs[0] ?? Number.NaN)
progress(tableOf(rows))
report('hub-scaling', {
  ...Object.fromEntries(rows.map(({ grown, ...row }, i) => [`${i + 1} ${grown}`, row])),
  limits: {
    dearestOfFirst: `${ratio.toFixed(2)} of ${RATIO_MAX}`,
    isMet: ratio <= RATIO_MAX,
  },
})

async function startFleet(processes: number, from: number, until: number): Promise<LoadFleet> {
  if (hub.clients.length < until) throw new Error(`there are only ${hub.clients.length} channels`)
  const { url, chainId, key, clients } = hub
  const dealt = clients.slice(from, until)
  const fleet = await LoadFleet.start(processes, { url, chainId, hub: key, clients: dealt })
  fleets.push(fleet)
  return fleet
}

/** Many payments, fast, for history's sake: says how many. */
async function pay(fleet: LoadFleet, milliseconds: number): Promise<number> {
  await fleet.start({ perProof: 16, pace: { kind: 'full', inFlight: 1_024 } }, PAYERS)
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  const { length } = (await fleet.finish()).latencies
  size.history += length
  return length
}

/** Payments of the kind that all rows have. */
async function measure(fleet: LoadFleet, milliseconds: number) {
  const plan = { perProof: 1, pace: { kind: 'full', inFlight: IN_FLIGHT } } as const
  const found = await measureLoad({ hub, fleet }, plan, { payers: PAYERS, milliseconds })
  size.history += found.paymentsInAll
  return found
}

async function row(fleet: LoadFleet, grown: string): Promise<void> {
  const before = { ...size }
  const { hubMicroseconds, latency } = await measure(fleet, MEASURED_MS)
  rows.push({ grown, ...before, hubMicroseconds, p99Ms: latency.p99Ms })
  progress(`${grown}: ${hubMicroseconds.toFixed(0)} us`)
}

function tableOf(lines: readonly Row[]): string {
  const cells = lines.map(({ grown, hubMicroseconds, p99Ms, ...sizes }) => [
    grown,
    ...Object.values(sizes).map((count) => count.toLocaleString('en')),
    hubMicroseconds.toFixed(0),
    p99Ms.toFixed(1),
  ])
  const head = ['grown', 'channels', 'connections', 'in flight', 'over', 'us/payment', 'p99 ms']
  return [head, ...cells]
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(20) : cell.padStart(12))).join(''))
    .join('\n')
}
