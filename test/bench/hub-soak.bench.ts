import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { latencyFigures } from './hub-load/latency.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * Power goes off once a minute while payments go on at 70 % of what the hub can do. Clients come back by
 * themselves and say again what the hub does not hold. At the end every payment has come back, the lanes of
 * all channels say what was paid, and so does the journal of the hub.
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
/** Latency is normal once so many looks in a row have halves within so many times that of before. */
const NORMAL_LOOKS = 4
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
  const restarts: { readonly servingMs: number; readonly normalMs: number }[] = []
  const memory: number[] = []
  const calm = await watch(fleet, performance.now(), Number.POSITIVE_INFINITY)
  let { payments } = calm
  for (let minute = 1; minute < MINUTES; minute++) {
    memory.push(await hub.residentBytes())
    const killed = performance.now()
    await hub.kill()
    await hub.restart()
    const servingMs = performance.now() - killed
    const seen = await watch(fleet, performance.now(), NORMAL * calm.p50Ms)
    payments += seen.payments
    restarts.push({ servingMs, normalMs: seen.normalMs })
    const { normalMs } = seen
    progress(
      `kill ${minute}: serving after ${servingMs | 0} ms, normal ${normalMs.toFixed(0)} ms later`,
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
  const normal = Math.max(...restarts.map(({ normalMs }) => normalMs))
  report('hub-soak', {
    channels: CHANNELS,
    paymentsPerSecond: perSecond,
    payments: all,
    kills: restarts.length,
    msUntilServing: Math.max(...restarts.map(({ servingMs }) => servingMs)),
    medianMsUntilServing: median(restarts.map(({ servingMs }) => servingMs)),
    megabytesAtFirstKill: first / 2 ** 20,
    megabytesAtLastKill: (memory.at(-1) ?? 0) / 2 ** 20,
    limits: {
      nothingLost: true,
      backToNormalMs: `${normal.toFixed(0)} of ${LIMITS.backToNormalMs}`,
      memoryDrift: `${drift.toFixed(2)} of ${LIMITS.memoryDrift}`,
      isMet: normal <= LIMITS.backToNormalMs && drift <= LIMITS.memoryDrift,
    },
  })
}

/** Looks on for a minute; `normalMs`: from `since` until latencies are not above that again. */
async function watch(fleet: LoadFleet, since: number, normalP50Ms: number) {
  const p50s: number[] = []
  let [payments, inARow, normalMs] = [0, 0, Number.POSITIVE_INFINITY]
  while (performance.now() - since < MINUTE_MS) {
    const look = performance.now()
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const { latencies } = await fleet.take()
    payments += latencies.length
    // Nothing came back: nothing is normal.
    const p50Ms =
      latencies.length === 0 ? Number.POSITIVE_INFINITY : latencyFigures(latencies).p50Ms
    p50s.push(p50Ms)
    inARow = p50Ms <= normalP50Ms ? inARow + 1 : 0
    if (inARow === NORMAL_LOOKS && normalMs === Number.POSITIVE_INFINITY) {
      normalMs = look - (NORMAL_LOOKS - 1) * LOOK_MS - since
    }
  }
  return { payments, normalMs: Math.max(0, normalMs), p50Ms: median(p50s) }
}
