import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { latencyFigures } from './hub-load/latency.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { Looks } from './hub-load/looks.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * Power goes off once a minute while payments go on at 70 % of what the hub can do. Clients come back by
 * themselves and say again what the hub does not hold. At the end every payment has come back, the lanes of
 * all channels say what was paid, and so does the journal of the hub.
 *
 * Whoever has no connection begins no payment: its wallet says so before it pays. Those payments are not made
 * later either; they are counted (`unbegun`), and are what an outage costs payers beside what waits. What was
 * under way when the power went off comes back afterwards, and its latency has the outage in it. Time is
 * counted from the moment at which the process is started again.
 */

const CHANNELS = Math.max(20, Math.round(1_000 * SCALE))
const MINUTES = Math.max(4, Math.round(10 * SCALE))
const MINUTE_MS = Math.max(10_000, Math.round(60_000 * Math.min(1, 4 * SCALE)))
const LOAD_SHARE = 0.7
const LOAD_PROCESSES = 2
const IN_FLIGHT = 512
const FULL_MS = 8_000
/** Milliseconds of one look at latencies. */
const LOOK_MS = 250
/** Latency is normal when halves (or p99) are within so many times those of before. */
const NORMAL = 2
const LIMITS = { backToNormalMs: 2_000, memoryDrift: 1.1 } as const

const dir = mkdtempSync(join(tmpdir(), 'tallystick-soak-'))
const hub = await HubUnderLoad.start(dir, CHANNELS, {
  profileDir: PROFILE_DIR,
  isInspected: true,
})
try {
  progress(`opening ${CHANNELS} channels`)
  await hub.openUntil(CHANNELS)
  const { url, chainId, key, clients } = hub
  const fleet = await LoadFleet.start(LOAD_PROCESSES, { url, chainId, hub: key, clients })
  try {
    await fleet.connect(CHANNELS)
    await fleet.attach()
    await soak(fleet)
  } finally {
    await fleet.stop()
  }
} finally {
  await hub.stop()
  rmSync(dir, { recursive: true, force: true })
}

async function soak(fleet: LoadFleet): Promise<void> {
  const full = await measureLoad(
    { hub, fleet },
    { perProof: 1, pace: { kind: 'full', inFlight: IN_FLIGHT } },
    { payers: CHANNELS, milliseconds: FULL_MS },
  )
  const perSecond = LOAD_SHARE * full.paymentsPerSecond
  progress(`${full.paymentsPerSecond | 0}/s at most; soaking at ${perSecond | 0}/s`)
  await fleet.survive()
  await fleet.start({ perProof: 1, pace: { kind: 'paced', perSecond } }, CHANNELS)
  const restarts: Restart[] = []
  const memory: number[] = []
  const calm = await watch(fleet, performance.now(), {
    p50Ms: Number.POSITIVE_INFINITY,
    p99Ms: Number.POSITIVE_INFINITY,
  })
  const normal = { p50Ms: NORMAL * calm.p50Ms, p99Ms: NORMAL * calm.p99Ms }
  let { payments, unbegun } = calm
  for (let minute = 1; minute < MINUTES; minute++) {
    memory.push(await hub.residentBytes())
    await hub.kill()
    const restarted = performance.now()
    await hub.restart()
    const servingMs = performance.now() - restarted
    const seen = await watch(fleet, restarted, normal)
    payments += seen.payments
    unbegun += seen.unbegun
    const { p50NormalMs, p99NormalMs } = seen
    restarts.push({ servingMs, p50NormalMs, p99NormalMs })
    progress(
      `kill ${minute}: serving after ${servingMs | 0} ms, p50 normal after ${sayMs(p50NormalMs)}, p99 after ${sayMs(p99NormalMs)}; ${seen.unbegun} not begun`,
    )
  }
  payments += (await fleet.finish()).latencies.length
  const settled = (await hub.statistics()).payments.find(({ status }) => status === 'settled')
  const all = payments + full.paymentsInAll
  if (settled?.count !== all) {
    throw new Error(`${all} payments were made, and the hub settled ${settled?.count}`)
  }
  // The first process of the hub has another past than those that were started again.
  const [first = Number.NaN] = memory.slice(memory.length > 2 ? 1 : 0)
  const drift = (memory.at(-1) ?? Number.NaN) / first
  const longest = (ms: (restart: Restart) => number) => Math.max(...restarts.map(ms))
  const backMs = longest(({ p50NormalMs }) => p50NormalMs)
  report('hub-soak', {
    channels: CHANNELS,
    paymentsPerSecond: perSecond,
    payments: all,
    unbegun,
    p50Ms: calm.p50Ms,
    p99Ms: calm.p99Ms,
    kills: restarts.length,
    msUntilServing: longest(({ servingMs }) => servingMs),
    medianMsUntilServing: median(restarts.map(({ servingMs }) => servingMs)),
    medianMsUntilP50Normal: figureMs(median(restarts.map(({ p50NormalMs }) => p50NormalMs))),
    msUntilP99Normal: figureMs(longest(({ p99NormalMs }) => p99NormalMs)),
    medianMsUntilP99Normal: figureMs(median(restarts.map(({ p99NormalMs }) => p99NormalMs))),
    megabytesAtFirstKill: first / 2 ** 20,
    megabytesAtLastKill: (memory.at(-1) ?? 0) / 2 ** 20,
    limits: {
      nothingLost: true,
      backToNormalMs: `${sayMs(backMs)} of ${LIMITS.backToNormalMs}`,
      memoryDrift: `${drift.toFixed(2)} of ${LIMITS.memoryDrift}`,
      isMet: backMs <= LIMITS.backToNormalMs && drift <= LIMITS.memoryDrift,
    },
  })
}

/** Milliseconds from when the process was started again. */
type Restart = {
  readonly servingMs: number
  readonly p50NormalMs: number
  readonly p99NormalMs: number
}

/** JSON has no infinity: what was not normal within its minute is said in words. */
function figureMs(ms: number): number | string {
  return Number.isFinite(ms) ? ms : sayMs(ms)
}

function sayMs(ms: number): string {
  return Number.isFinite(ms) ? ms.toFixed(0) : `more than ${MINUTE_MS.toFixed(0)}`
}

/** Looks on for a minute; when, from `since` on, half of the latencies and 99 % of them are normal again. */
async function watch(
  fleet: LoadFleet,
  since: number,
  normal: { readonly p50Ms: number; readonly p99Ms: number },
) {
  const [p50s, p99s] = [new Looks(since, normal.p50Ms), new Looks(since, normal.p99Ms)]
  let [payments, unbegun] = [0, 0]
  while (performance.now() - since < MINUTE_MS) {
    const look = performance.now()
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const count = await fleet.take()
    payments += count.latencies.length
    unbegun += count.unbegun
    // Nothing came back: nothing is normal.
    const nothing = { p50Ms: Number.POSITIVE_INFINITY, p99Ms: Number.POSITIVE_INFINITY }
    const { p50Ms, p99Ms } =
      count.latencies.length === 0 ? nothing : latencyFigures(count.latencies)
    p50s.add(look, p50Ms)
    p99s.add(look, p99Ms)
  }
  return {
    ...{ payments, unbegun, p50Ms: p50s.median, p99Ms: p99s.median },
    ...{ p50NormalMs: p50s.normalMs, p99NormalMs: p99s.normalMs },
  }
}
